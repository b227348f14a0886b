#pragma once

#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "domain/slot.h"

namespace meterbill {

/// A part of a stretch of time that lies in one slot, in µs of the boot clock: [from, to).
struct Portion {
  Slot slot;
  std::int64_t from_us = 0;
  std::int64_t to_us = 0;
  [[nodiscard]] std::int64_t length_us() const { return to_us - from_us; }
  friend bool operator==(const Portion&, const Portion&) = default;
};

/// Cuts [from_us, end.boot_us) of the boot clock at slot boundaries. The wall clock of the end
/// holds for the whole stretch: it lies on [end.utc − length, end.utc]. What would lie before
/// `earliest` is booked there (within an epoch the slot never goes back). In order, without gaps;
/// empty when the stretch is.
[[nodiscard]] std::vector<Portion> cut(std::int64_t from_us, const Instant& end, Slot earliest);

/// The most slots that one stretch is cut into: a year. Longer ones pile up in the first, so that
/// no use is lost.
inline constexpr std::int64_t kStretchSlotsMax = std::int64_t{366} * 96;

}  // namespace meterbill
