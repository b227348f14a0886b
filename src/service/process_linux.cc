#include <sys/stat.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "service/process.h"

namespace meterbill {

bool is_installed_here(const std::string& program) {
  std::error_code unknown;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", unknown);
  if (unknown) return true;
  const std::filesystem::path folder = self.parent_path();
  return std::filesystem::exists(folder / program, unknown) ||
         std::filesystem::exists(folder.parent_path() / "sbin" / program, unknown);
}

std::map<std::string, std::string> process_environment() {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    if (equals != std::string_view::npos)
      variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

int utc_offset_minutes(UtcTime time) {
  const auto seconds = static_cast<std::time_t>(time.us / 1'000'000);
  std::tm local{};
  localtime_r(&seconds, &local);
  return static_cast<int>(local.tm_gmtoff / 60);
}

std::string host_name() {
  std::array<char, 256> name{};  // HOST_NAME_MAX is 64; the last byte stays 0
  if (gethostname(name.data(), name.size() - 1) != 0) return {};
  return name.data();
}

void keep_files_private() {
  const mode_t before = umask(0777);
  umask(before | 0027);
}

bool host_is_going_down() {
  sd_bus* bus = nullptr;
  if (sd_bus_open_system(&bus) < 0) return false;
  char* state = nullptr;
  const int asked = sd_bus_get_property_string(
      bus, "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
      "org.freedesktop.systemd1.Manager", "SystemState", nullptr, &state);
  const bool stopping = asked >= 0 && std::string_view(state) == "stopping";
  std::free(state);
  sd_bus_flush_close_unref(bus);
  return stopping;
}

bool wants_colour() {
  const char* no_colour = std::getenv("NO_COLOR");
  return isatty(STDOUT_FILENO) == 1 && (no_colour == nullptr || *no_colour == '\0');
}

bool output_is_terminal() { return isatty(STDOUT_FILENO) == 1; }

bool error_is_terminal() { return isatty(STDERR_FILENO) == 1; }

}  // namespace meterbill
