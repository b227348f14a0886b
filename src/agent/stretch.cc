#include "agent/stretch.h"

#include <algorithm>

namespace meterbill {

std::vector<Portion> cut(std::int64_t from_us, const Instant& end, Slot earliest) {
  std::vector<Portion> portions;
  const std::int64_t to_us = end.boot_us;
  if (from_us >= to_us) return portions;
  const std::int64_t wall_less_boot = end.utc.us - end.boot_us;
  // The last instant of the stretch is just before its end: on a boundary it is the older slot's.
  const Slot last = std::max(earliest, Slot::containing({end.utc.us - 1}));
  Slot slot = std::max(earliest, Slot::containing({from_us + wall_less_boot}));
  slot = std::max(slot, last.plus(1 - kStretchSlotsMax));
  for (std::int64_t at = from_us; at < to_us; slot = slot.next()) {
    const std::int64_t slot_end =
        slot == last ? to_us : std::clamp(slot.end().us - wall_less_boot, at, to_us);
    if (slot_end > at) portions.push_back({.slot = slot, .from_us = at, .to_us = slot_end});
    at = slot_end;
  }
  return portions;
}

}  // namespace meterbill
