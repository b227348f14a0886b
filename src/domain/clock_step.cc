#include "domain/clock_step.h"

#include <algorithm>
#include <map>

#include "base/checked.h"

namespace meterbill {
namespace {

bool has_much_time(const UsageRow& row) {
  Int128 covered = 0;
  for (const auto& [epoch, usage] : row.by_epoch)
    if (usage.cover) covered += Int128{usage.cover->metered_us} + usage.cover->estimated_us;
  return covered >= kClockStepUs;
}

bool any_overlap(const std::vector<Cover>& covers) {
  for (std::size_t i = 0; i < covers.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (overlap(covers[i], covers[j])) return true;
  return false;
}

}  // namespace

std::vector<ClockStep> clock_steps(Slot slot, const UsageRow& row, const BootOf& boot_of,
                                   const std::function<bool(EpochKey)>& is_billed) {
  std::vector<ClockStep> steps;
  if (!has_much_time(row)) return steps;
  std::map<BootId, std::vector<Cover>> boots;
  for (const auto& [epoch, usage] : row.by_epoch) {
    const BootId& boot = boot_of(epoch);
    if (usage.cover && !boot.empty() && is_billed(epoch)) boots[boot].push_back(*usage.cover);
  }
  for (const auto& [boot, covers] : boots) {
    ClockStep step{.slot = slot};
    for (const Cover& cover : covers) {
      step.metered_us += cover.metered_us;
      step.estimated_us += cover.estimated_us;
    }
    if (step.covered_us() >= kClockStepUs && !any_overlap(covers)) steps.push_back(step);
  }
  return steps;
}

std::string seconds_text(const ClockStep& step) {
  return decimal_text(Int256(step.covered_us()), 6);
}

}  // namespace meterbill
