#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"

namespace meterbill {

/// A time during which the sink took nothing.
struct Outage {
  UtcTime since;
  std::int64_t lasted_us = 0;
  std::string detail;        ///< what the sink says, with the remedy
  std::int64_t waiting = 0;  ///< rows in the spool, as far as known
};

/// Decides when an outage is worth a line: after 30 s, then every 10 minutes, and once when it is
/// over. Durations are of the boot clock. One thread.
class OutageLog {
 public:
  /// What to report now, if anything.
  [[nodiscard]] std::optional<Outage> failed(const Instant& now, const std::string& detail,
                                             std::int64_t waiting);
  /// The outage that ended, if it was reported.
  [[nodiscard]] std::optional<Outage> succeeded(const Instant& now);

  /// The running outage, reported or not.
  [[nodiscard]] const std::optional<Outage>& current() const { return current_; }

  static constexpr std::int64_t kQuietUs = 30'000'000;
  static constexpr std::int64_t kSummaryUs = 600'000'000;

 private:
  std::optional<Outage> current_;
  std::int64_t began_boot_us_ = 0;
  std::optional<std::int64_t> reported_boot_us_;
};

}  // namespace meterbill
