#include "domain/coverage.h"

#include <algorithm>

namespace meterbill {
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
