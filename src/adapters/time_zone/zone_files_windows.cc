#include <date/tz.h>
#include <fmt/format.h>
#include <windows.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <string_view>

#include "adapters/time_zone/zone_files.h"

namespace meterbill {
namespace {

namespace fs = std::filesystem;

/// One that the date library looks for by its name; ours has all zones (packaging/tzdata_text.py).
constexpr const char* kFile = "etcetera";

Result<std::string> read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(Code::kIo, fmt::format("cannot read {}", path.string()));
  return std::string{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::string without_end(std::string line) {
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
  return line;
}

}  // namespace

const std::string_view kZoneFilesRemedy = "repair the installation of MeterBill";

std::string standard_zone_folder() {
  std::array<wchar_t, 32'768> path{};
  const DWORD length = GetModuleFileNameW(nullptr, path.data(), path.size());
  return (fs::path(std::wstring(path.data(), length)).parent_path() / "tzdata").string();
}

// The library takes the folder once, and looks for a network and for `Downloads` without it.
void open_zone_files(const std::string& folder) {
  static std::once_flag told;
  std::call_once(told, [&folder] { date::set_install(folder); });
  date::get_tzdb();
}

// The text has rules without an end: nothing needs to be known beside it. What a zone's time is may
// stand anywhere in it, so that the digest is of all of it, and of the name.
Result<ZoneFile> read_zone_file(const std::string& folder, const std::string& zone) {
  MB_TRY(const std::string text, read(fs::path(folder) / kFile));
  MB_TRY(std::string version, read(fs::path(folder) / "version"));
  return ZoneFile{
      .version = without_end(std::move(version)), .text = zone + "\n" + text, .rule = std::nullopt};
}

}  // namespace meterbill
