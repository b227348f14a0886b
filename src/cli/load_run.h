#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "cli/backup_command.h"
#include "cli/load_fleet.h"
#include "ports/sink.h"

namespace meterbill {

/// How long something took, counted by milliseconds: all of a run in bounded memory. Longer than a
/// minute counts as a minute.
class DelayCounts {
 public:
  void add(std::int64_t us, std::int64_t times);
  /// The least number of ms within which `percent` of 100 were; 0 when none were counted.
  [[nodiscard]] std::int64_t percentile_ms(std::int64_t percent) const;

 private:
  static constexpr std::int64_t kMsMax = 60'000;
  std::vector<std::int64_t> by_ms_ = std::vector<std::int64_t>(std::size_t{kMsMax} + 1, 0);
  std::int64_t all_ = 0;
};

/// What became of a run.
struct LoadResult {
  std::int64_t wanted = 0;        ///< messages that were due
  std::int64_t sent = 0;          ///< messages given to the sink, each try counted
  std::int64_t acknowledged = 0;  ///< of them
  std::int64_t failed = 0;        ///< sent less acknowledged
  std::int64_t quarantined = 0;   ///< readings, as far as the sink is told (HTTP)
  std::int64_t ended_us = 0;      ///< since the start, when the last agent had ended
  std::int64_t unconfirmed = 0;   ///< machines whose last reading was not acknowledged
  DelayCounts delays;             ///< of acknowledged messages: from the tick to the answer
  std::string failure;            ///< what the sink said last; empty: nothing failed
  bool interrupted = false;
};

struct LoadPlan {
  std::int64_t interval_us = 1'000'000;
  std::int64_t duration_us = 0;
};

/// Called after each tick's messages with what was reached so far and the time since the start.
using LoadProgress = std::function<void(const LoadResult& so_far, std::int64_t passed_us)>;

struct LoadParts {
  Sink& sink;
  const Clock& clock;
  WaitForInterrupt wait;
  LoadProgress progress;
};

/// Lets the agents of `fleet`, which start now, send at every tick of the wall clock until the time
/// is over or the user asks to stop; then each ends as an agent does that is stopped: with a last
/// reading, tried for half a minute, unless the user asks again. Ticks that the sink is too slow
/// for are left out, as agents do: the next reading says it all. The wall clock is looked at once:
/// should it be set meanwhile, the agents do not notice.
[[nodiscard]] LoadResult run_load(const LoadPlan& plan, LoadFleet& fleet, const LoadParts& parts);

}  // namespace meterbill
