#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/checked.h"
#include "base/result.h"
#include "domain/names.h"
#include "domain/slot.h"
#include "domain/time_zone.h"

namespace meterbill {

enum class UsageBy { kSlot, kHour, kDay };
[[nodiscard]] std::string_view to_string(UsageBy by);  ///< `slot`, `hour`, `day`
[[nodiscard]] std::optional<UsageBy> parse_usage_by(std::string_view text);

/// What one scope used of one meter in one slot, hour or day.
struct UsageReportRow {
  MachineId machine;
  ScopeName scope;
  std::string labels;  ///< to_text(Labels)
  std::string time;  ///< slot "2026-11-22T10:15:00Z", hour with the zone's offset, day "2026-11-22"
  MeterName meter;
  Int128 quantity = 0;  ///< base units of the meter
};

/// Adds usage up by slot, or by the hour or day of `zone`. What was added in whatever order comes
/// out sorted by machine, scope, labels, time, meter. Keeps a reference to the zone; for a large
/// fleet make one per machine.
class UsageTable {
 public:
  UsageTable(UsageBy by, const TimeZone& zone) : by_(by), zone_(zone) {}
  [[nodiscard]] Result<void> add(const MachineId& machine, const ScopeName& scope,
                                 const std::string& labels, Slot slot, const MeterName& meter,
                                 Int128 base);
  [[nodiscard]] std::vector<UsageReportRow> rows() const;

 private:
  using Key = std::tuple<MachineId, ScopeName, std::string, UtcTime, MeterName>;
  [[nodiscard]] UtcTime bucket(Slot slot) const;
  [[nodiscard]] std::string time_text(UtcTime start) const;

  UsageBy by_;
  const TimeZone& zone_;
  std::map<Key, Int128> sums_;
};

/// Columns machine, scope, labels, slot (or hour, day), meter, quantity, unit: the quantity in the
/// meter's base unit. The header and the rows apart, so that a fleet can be written piece by piece.
[[nodiscard]] std::string usage_csv_header(UsageBy by);
[[nodiscard]] std::string usage_csv(const std::vector<UsageReportRow>& rows);
[[nodiscard]] std::string usage_json(const std::vector<UsageReportRow>& rows, UsageBy by);
[[nodiscard]] std::string usage_text(const std::vector<UsageReportRow>& rows, UsageBy by);

}  // namespace meterbill
