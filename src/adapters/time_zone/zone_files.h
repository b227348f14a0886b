#pragma once

#include <optional>
#include <string>

#include "adapters/time_zone/posix_rule.h"
#include "base/result.h"

namespace meterbill {

/// The tz database as files: compiled zones where the system has them, the text that they are made
/// of where it has none.

/// Linux: `/usr/share/zoneinfo`. Windows: `tzdata` beside the program.
[[nodiscard]] std::string standard_zone_folder();

/// Before the date library looks for zones. Throws what that library throws: there are none.
void open_zone_files(const std::string& folder);

/// What to do when there are none.
extern const std::string_view kZoneFilesRemedy;

struct ZoneFile {
  std::string version;  ///< "2025b"; empty: unknown
  std::string text;     ///< all that says what the zone's time is, for a digest
  /// What holds after the zone's last listed change, where the date library does not know it.
  std::optional<PosixRule> rule;
};

/// kIo: it cannot be read. kDamaged. REQUIRES: the date library knows the zone.
[[nodiscard]] Result<ZoneFile> read_zone_file(const std::string& folder, const std::string& zone);

}  // namespace meterbill
