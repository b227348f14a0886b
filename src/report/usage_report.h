#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/checked.h"
#include "base/result.h"
#include "domain/clock_step.h"
#include "domain/names.h"
#include "domain/slot.h"
#include "domain/time_zone.h"

namespace meterbill {

enum class UsageBy { kSlot, kHour, kDay };
[[nodiscard]] std::string_view to_string(UsageBy by);  ///< `slot`, `hour`, `day`
[[nodiscard]] std::optional<UsageBy> parse_usage_by(std::string_view text);

/// When the slot, hour or day begins that `slot` lies in; hours and days are those of the zone.
[[nodiscard]] UtcTime bucket_of(UsageBy by, const TimeZone& zone, Slot slot);
/// How that is shown: slot "2026-11-22T10:15:00Z", hour with the zone's offset, day "2026-11-22".
[[nodiscard]] std::string bucket_text(UsageBy by, const TimeZone& zone, UtcTime start);

/// What one scope of a machine used of one meter in one slot, hour or day.
struct UsageReportRow {
  ScopeName scope;
  std::string labels;  ///< to_text(Labels)
  std::string time;    ///< as bucket_text
  MeterName meter;
  Int128 quantity = 0;  ///< base units of the meter
};

/// Usage of one machine, or a piece of it.
struct MachineUsage {
  MachineId machine;
  std::vector<UsageReportRow> rows = {};    ///< by time, scope, labels, meter
  std::vector<ClockStep> clock_steps = {};  ///< in slot order
};

/// Adds the usage of one machine up by slot, or by the hour or day of `zone`. What was added in
/// whatever order comes out sorted by time first, so that a machine can be shown piece by piece,
/// then by scope, labels and meter. Keeps a reference to the zone.
class UsageTable {
 public:
  UsageTable(UsageBy by, const TimeZone& zone) : by_(by), zone_(zone) {}
  [[nodiscard]] Result<void> add(const ScopeName& scope, const std::string& labels, Slot slot,
                                 const MeterName& meter, Int128 base);
  /// The first slot of the slot, hour or day that `slot` lies in.
  [[nodiscard]] Slot first_of(Slot slot) const;
  /// Forgets what lies in the slot, hour or day of `slot` and later.
  void drop_from(Slot slot);
  [[nodiscard]] std::size_t size() const { return sums_.size(); }
  [[nodiscard]] std::vector<UsageReportRow> rows() const;

 private:
  using Key = std::tuple<UtcTime, ScopeName, std::string, MeterName>;
  [[nodiscard]] UtcTime bucket(Slot slot) const { return bucket_of(by_, zone_, slot); }

  UsageBy by_;
  const TimeZone& zone_;
  std::map<Key, Int128> sums_;
};

}  // namespace meterbill
