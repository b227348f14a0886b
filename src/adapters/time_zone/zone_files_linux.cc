#include <date/tz.h>
#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <string_view>

#include "adapters/time_zone/zone_files.h"

namespace meterbill {
namespace {

Result<std::string> read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(Code::kIo, fmt::format("cannot read {}", path));
  return std::string{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// "2025b", from the text form of the database that lies beside the zones: "# version 2025b".
std::string version_of(const std::string& folder) {
  std::ifstream file(folder + "/tzdata.zi");
  std::string line;
  constexpr std::string_view kBefore = "# version ";
  if (!std::getline(file, line) || !line.starts_with(kBefore)) return "";
  return line.substr(kBefore.size());
}

/// The last line of a zone file of version 2 or later; none when it is empty (RFC 8536 §3.3).
Result<std::optional<PosixRule>> rule_of(std::string_view file) {
  if (!file.ends_with('\n')) return std::optional<PosixRule>{};
  file.remove_suffix(1);
  const std::string_view line = file.substr(file.rfind('\n') + 1);
  if (line.empty()) return std::optional<PosixRule>{};
  MB_TRY(PosixRule rule, PosixRule::parse(line));
  return std::optional<PosixRule>{rule};
}

}  // namespace

const std::string_view kZoneFilesRemedy = "install the package tzdata";

std::string standard_zone_folder() { return "/usr/share/zoneinfo"; }

void open_zone_files(const std::string& /*folder*/) { date::get_tzdb(); }

Result<ZoneFile> read_zone_file(const std::string& folder, const std::string& zone) {
  MB_TRY(std::string file, read(folder + "/" + zone));
  MB_TRY(auto rule, in(zone, rule_of(file)));
  return ZoneFile{.version = version_of(folder), .text = std::move(file), .rule = rule};
}

}  // namespace meterbill
