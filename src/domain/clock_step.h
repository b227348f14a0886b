#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "domain/hold.h"
#include "domain/slot.h"
#include "domain/usage_row.h"

namespace meterbill {

/// A slot into which one boot of a machine booked more time than the slot has: its clock was set
/// back, and the hours that came twice are billed, because the time was really there. Shown on the
/// statement, never held.
struct ClockStep {
  Slot slot;
  std::int64_t metered_us = 0;
  std::int64_t estimated_us = 0;
  [[nodiscard]] std::int64_t covered_us() const { return metered_us + estimated_us; }
  friend bool operator==(const ClockStep&, const ClockStep&) = default;
};

/// From 900.1 s on: wall and boot clock are read one after the other, so honest slots differ from
/// 900 s by what lies between the two reads.
inline constexpr std::int64_t kClockStepUs = Slot::kMicroseconds + 100'000;

/// The clock steps of a slot, by boot: billed epochs of one boot, none overlapping another of its
/// boot, that together have kClockStepUs or more metered and estimated. A function of the row and
/// of what is billed of it. Boots of overlapping epochs that an operator has summed are several
/// machines, no clock step. `is_billed` is asked only when the row has that much time at all.
[[nodiscard]] std::vector<ClockStep> clock_steps(Slot slot, const UsageRow& row,
                                                 const BootOf& boot_of,
                                                 const std::function<bool(EpochKey)>& is_billed);

/// Seconds metered and estimated, exact: "900.1".
[[nodiscard]] std::string seconds_text(const ClockStep& step);

}  // namespace meterbill
