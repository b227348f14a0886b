#include "report/usage_report.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/assert.h"

namespace meterbill {
namespace {

constexpr std::array kBy{std::pair{UsageBy::kSlot, "slot"}, std::pair{UsageBy::kHour, "hour"},
                         std::pair{UsageBy::kDay, "day"}};

}  // namespace

std::string_view to_string(UsageBy by) {
  const auto* const found =
      std::ranges::find(kBy, by, [](const auto& entry) { return entry.first; });
  MB_ASSERT(found != kBy.end());
  return found->second;
}

std::optional<UsageBy> parse_usage_by(std::string_view text) {
  for (const auto& [by, name] : kBy)
    if (name == text) return by;
  return std::nullopt;
}

UtcTime bucket_of(UsageBy by, const TimeZone& zone, Slot slot) {
  if (by == UsageBy::kSlot) return slot.start();
  const LocalTime at = zone.local(slot.start());
  if (by == UsageBy::kDay) return zone.start_of(at.date);
  return {slot.start().us - (at.minute * 60 + at.second) * std::int64_t{1'000'000}};
}

std::string bucket_text(UsageBy by, const TimeZone& zone, UtcTime start) {
  if (by == UsageBy::kSlot) return to_string(start);
  if (by == UsageBy::kDay) return to_string(zone.local(start).date);
  return local_rfc3339(zone, start);
}

Result<void> UsageTable::add(const ScopeName& scope, const std::string& labels, Slot slot,
                             const MeterName& meter, Int128 base) {
  Int128& sum = sums_[Key{bucket(slot), scope, labels, meter}];
  MB_TRY(sum, meterbill::add(sum, base));
  return ok();
}

Slot UsageTable::first_of(Slot slot) const {
  const UtcTime start = bucket(slot);
  while (bucket(slot.plus(-1)) == start) slot = slot.plus(-1);
  return slot;
}

void UsageTable::drop_from(Slot slot) {
  sums_.erase(sums_.lower_bound(Key{bucket(slot), ScopeName{}, "", MeterName{}}), sums_.end());
}

std::vector<UsageReportRow> UsageTable::rows() const {
  std::vector<UsageReportRow> rows;
  rows.reserve(sums_.size());
  for (const auto& [key, sum] : sums_)
    rows.push_back({std::get<1>(key), std::get<2>(key), bucket_text(by_, zone_, std::get<0>(key)),
                    std::get<3>(key), sum});
  return rows;
}

}  // namespace meterbill
