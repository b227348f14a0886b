#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "domain/slot.h"

namespace meterbill {

/// What a spool without room for all scopes booked in `other` instead of under their own names,
/// since its file was begun. Machine totals are not touched by it.
struct Folded {
  std::int64_t rows = 0;  ///< (epoch, slot, scope); at least 1
  Slot first_slot;        ///< of those rows
  Slot last_slot;
  UtcTime first_at;                            ///< when the first was folded
  UtcTime last_at;                             ///< when the newest was
  std::optional<UtcTime> going_on_since = {};  ///< while there is no room
  friend bool operator==(const Folded&, const Folded&) = default;
};

}  // namespace meterbill
