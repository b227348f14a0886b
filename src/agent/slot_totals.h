#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "agent/stretch.h"
#include "domain/reading.h"
#include "ports/spool.h"

namespace meterbill {

/// What was used during a stretch of time of one boot, to be booked into slots.
struct Use {
  std::int64_t from_us = 0;       ///< boot clock; the stretch ends at the instant given with it
  std::int64_t monotonic_us = 0;  ///< of the stretch; what the boot clock has more was suspended
  bool estimated = false;         ///< the agent was down, or blind for more than three ticks
  std::int64_t cpu_us = 0;        ///< increase of the counter, core·µs
  std::int64_t cores = 0;
  std::optional<std::int64_t> memory_total_kib;
  std::int64_t memory_used_kib = 0;
  std::int64_t memory_us =
      0;  ///< monotonic time from the stretch's begin that the sample counts for
};

/// The rests below one KiB·s that are carried from booking to booking, in KiB·µs.
struct MemoryRests {
  std::int64_t used = 0;
  std::int64_t capacity = 0;
};

/// The totals of one epoch's slots. Pure: it is told what was used between which instants, and
/// every quantity it is given is in exactly one slot afterwards. One thread.
class SlotTotals {
 public:
  /// Books nothing before `earliest`.
  explicit SlotTotals(Slot earliest) : earliest_(earliest) {}

  /// Books a stretch that ends at `end`. Time that repeats, because the clock was set back, is
  /// booked in the newer slot. REQUIRES: 0 <= use.from_us, 0 <= use.monotonic_us <= its length.
  void book(const Use& use, const Instant& end, MemoryRests& rests);

  /// Books time before the boot, on the wall clock alone, during which the host was off. Nothing
  /// when `to` is not after `from`. REQUIRES: nothing else is booked yet.
  void book_off(UtcTime from, UtcTime to);

  /// No slot before this one can grow any more.
  [[nodiscard]] Slot current() const { return earliest_; }
  /// Moves `current` on to the slot of `now`; never back.
  void move_to(UtcTime now);

  /// Machine readings that changed since `saved` was called, oldest first.
  [[nodiscard]] std::vector<Reading> changed() const;
  /// They are stored: forgets slots that cannot grow any more.
  void saved();
  /// The running slot's totals may not be stored (the store was lost): all that is known is
  /// changed.
  void all_changed();

 private:
  struct Total {
    Cover cover;
    MeterTotals used;
    bool changed = false;
  };
  Total& total(Slot slot, std::int64_t from_us);

  std::map<Slot, Total> totals_;
  Slot earliest_;
};

}  // namespace meterbill
