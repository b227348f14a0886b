#include <io.h>
#include <windows.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "service/process.h"

namespace meterbill {
namespace {

/// REQUIRES: well-formed UTF-16, as far as Windows promises it; what is not becomes U+FFFD.
std::string utf8(std::wstring_view text) {
  if (text.empty()) return {};
  const int units = static_cast<int>(text.size());
  const int bytes =
      WideCharToMultiByte(CP_UTF8, 0, text.data(), units, nullptr, 0, nullptr, nullptr);
  std::string converted(static_cast<std::size_t>(bytes), '\0');
  WideCharToMultiByte(CP_UTF8, 0, text.data(), units, converted.data(), bytes, nullptr, nullptr);
  return converted;
}

}  // namespace

bool is_installed_here(const std::string& program) {
  std::array<wchar_t, 32'768> path{};
  const DWORD length = GetModuleFileNameW(nullptr, path.data(), path.size());
  if (length == 0 || length == path.size()) return true;
  std::error_code unknown;
  const std::filesystem::path self(std::wstring(path.data(), length));
  return std::filesystem::exists(self.parent_path() / (program + ".exe"), unknown);
}

std::map<std::string, std::string> process_environment() {
  std::map<std::string, std::string> variables;
  wchar_t* const all = GetEnvironmentStringsW();
  if (all == nullptr) return variables;
  for (const wchar_t* entry = all; *entry != L'\0'; entry += std::wstring_view(entry).size() + 1) {
    const std::string text = utf8(entry);
    // "=C:=C:\folder" is how Windows keeps the folder of each drive.
    const std::size_t equals = text.find('=');
    if (equals != std::string::npos && equals != 0)
      variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  FreeEnvironmentStringsW(all);
  return variables;
}

int utc_offset_minutes(UtcTime time) {
  constexpr std::int64_t kEpochUs = std::int64_t{134'774} * 86'400 * 1'000'000;  // from 1601
  const auto to_ticks = [](FILETIME value) {
    return static_cast<std::int64_t>(value.dwHighDateTime) << 32 | value.dwLowDateTime;
  };
  const std::int64_t ticks = (time.us + kEpochUs) * 10;
  const FILETIME file_time{.dwLowDateTime = static_cast<DWORD>(ticks & 0xFFFFFFFF),
                           .dwHighDateTime = static_cast<DWORD>(ticks >> 32)};
  SYSTEMTIME utc{};
  SYSTEMTIME local{};
  FILETIME shown{};
  if (FileTimeToSystemTime(&file_time, &utc) == 0 ||
      SystemTimeToTzSpecificLocalTime(nullptr, &utc, &local) == 0 ||
      SystemTimeToFileTime(&local, &shown) == 0)
    return 0;
  constexpr std::int64_t kTicksPerMinute = 60 * std::int64_t{10'000'000};
  return static_cast<int>((to_ticks(shown) - ticks) / kTicksPerMinute);
}

std::string host_name() {
  std::array<wchar_t, 256> name{};
  DWORD size = name.size();
  if (GetComputerNameExW(ComputerNameDnsHostname, name.data(), &size) == 0) return {};
  return utf8({name.data(), size});
}

// A file has the rights of its folder, and those of ours are set when the service is installed.
void keep_files_private() {}

bool host_is_going_down() { return GetSystemMetrics(SM_SHUTTINGDOWN) != 0; }

bool wants_colour() {
  const char* no_colour = std::getenv("NO_COLOR");
  return output_is_terminal() && (no_colour == nullptr || *no_colour == '\0');
}

bool output_is_terminal() { return _isatty(_fileno(stdout)) != 0; }

bool error_is_terminal() { return _isatty(_fileno(stderr)) != 0; }

}  // namespace meterbill
