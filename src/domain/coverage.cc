#include "domain/coverage.h"

#include <algorithm>

namespace meterbill {
namespace {

/// Takes at most `seen` from what is left of the slot.
std::int64_t take(std::int64_t& left, Int128 seen) {
  const std::int64_t taken = seen < left ? static_cast<std::int64_t>(seen) : left;
  left -= taken;
  return taken;
}

Cover clipped(Int128 metered, Int128 estimated, Int128 off) {
  std::int64_t left = Slot::kMicroseconds;
  Cover cover;
  cover.metered_us = take(left, metered);
  cover.estimated_us = take(left, estimated);
  cover.off_us = take(left, off);
  return cover;
}

}  // namespace

Cover slot_cover(const UsageRow& row, const std::function<bool(EpochKey)>& is_billed) {
  Int128 metered = 0;
  Int128 estimated = 0;
  Int128 off = 0;
  for (const auto& [key, epoch] : row.by_epoch) {
    if (!epoch.cover || !is_billed(key)) continue;
    metered += epoch.cover->metered_us;
    estimated += epoch.cover->estimated_us;
    off += epoch.cover->off_us;
  }
  return clipped(metered, estimated, off);
}

Cover both_covers(const Cover& a, const Cover& b) {
  return clipped(Int128{a.metered_us} + b.metered_us, Int128{a.estimated_us} + b.estimated_us,
                 Int128{a.off_us} + b.off_us);
}

CoverageSum::CoverageSum(SlotRange period, const Expectation& expectation) : period_(period) {
  due_.begin = std::max(period.begin, expectation.first.next());
  due_.end = std::min(period.end, expectation.cut_off);
  if (expectation.open) due_.end = std::min(due_.end, *expectation.open);
  if (expectation.retired) due_.end = std::min(due_.end, Slot::containing(*expectation.retired));
  due_.end = std::max(due_.end, due_.begin);
}

void CoverageSum::add(Slot slot, const Cover& cover) {
  if (!period_.contains(slot)) return;
  sum_.metered_us += cover.metered_us;
  sum_.estimated_us += cover.estimated_us;
  sum_.off_us += cover.off_us;
  if (due_.contains(slot)) covered_due_us_ += cover.metered_us + cover.estimated_us + cover.off_us;
}

void CoverageSum::add_all(const Cover& sum) {
  sum_.metered_us += sum.metered_us;
  sum_.estimated_us += sum.estimated_us;
  sum_.off_us += sum.off_us;
  covered_due_us_ += sum.metered_us + sum.estimated_us + sum.off_us;
}

void CoverageSum::set_apart(const Cover& cover) {
  covered_due_us_ -= cover.metered_us + cover.estimated_us + cover.off_us;
}

std::array<SlotRange, 2> CoverageSum::not_due() const {
  return {SlotRange{period_.begin, std::min(due_.begin, period_.end)},
          SlotRange{std::max(due_.end, std::min(due_.begin, period_.end)), period_.end}};
}

Coverage CoverageSum::finish() const {
  Coverage coverage = sum_;
  coverage.missing_us = due_.end.since(due_.begin) * Slot::kMicroseconds - covered_due_us_;
  return coverage;
}

}  // namespace meterbill
