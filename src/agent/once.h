#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/loop_waiter.h"
#include "base/clock.h"
#include "domain/reading.h"
#include "ports/meters.h"

namespace meterbill {

/// One reading over one short interval: what `meterbill agent once` shows.
struct Once {
  Instant began;
  Instant ended;
  std::int64_t cores = 0;
  Reading reading;                   ///< of scope machine, of the slot it ended in
  std::int64_t memory_used_kib = 0;  ///< at the end
  std::optional<std::int64_t> memory_total_kib;
  std::vector<std::string> faults;
};

/// Measures for `interval_us`. Sends nothing, touches no state. kUnavailable when it was stopped,
/// or the counters cannot be read.
[[nodiscard]] Result<Once> measure_once(Meters& meters, const Clock& clock, LoopWaiter& waiter,
                                        const std::stop_token& stop, std::int64_t interval_us);

/// A table for people, times `offset_minutes` east of UTC.
[[nodiscard]] std::string to_text(const Once& once, const MachineId& machine, int offset_minutes);

/// One JSON object with the reading as on the wire.
[[nodiscard]] std::string to_json(const Once& once, const MachineId& machine);

}  // namespace meterbill
