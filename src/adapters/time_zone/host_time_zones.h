#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "adapters/time_zone/zone_files.h"
#include "domain/time_zone.h"

namespace meterbill {

/// The tz database of the host, or the one that was installed with us where the system has none,
/// read by Howard Hinnant's date library; what holds after a compiled zone's last listed change
/// comes from the rule at the end of its file. "UTC" needs no database. Safe from any thread.
class HostTimeZones final : public TimeZoneDatabase {
 public:
  using Digest = std::function<std::string(std::string_view)>;

  /// `sha256_hex` makes the digest of a zone's file.
  explicit HostTimeZones(Digest sha256_hex, std::string folder = standard_zone_folder());

  [[nodiscard]] Result<std::shared_ptr<const TimeZone>> find(std::string_view name) const override;

 private:
  Digest sha256_hex_;
  std::string folder_;
};

}  // namespace meterbill
