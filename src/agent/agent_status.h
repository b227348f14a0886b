#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/metering.h"
#include "agent/sender.h"
#include "ports/spool.h"

namespace meterbill {

/// What the agent says about itself: a copy, free to use on any thread.
struct AgentStatus {
  bool ready = false;
  bool is_alive = false;       ///< its loops have kept their promises; ready only then
  std::string reason;          ///< why it is not ready, with the remedy; empty when it is
  bool waits_outside = false;  ///< not ready, and nothing is missing but the time
  std::string version;
  MachineId machine;
  std::int64_t interval_us = 0;
  UtcTime now;
  UtcTime started;

  TickState tick_state = TickState::kMetered;
  std::optional<UtcTime> last_tick;
  std::optional<Epoch> epoch;
  Percentages newest;
  std::vector<std::string> faults;  ///< of meters, in the newest tick
  std::int64_t steps_back = 0;      ///< times that a counter fell and was held

  SpoolCounts spool;
  std::optional<UtcTime> began_to_wait;  ///< of the spool: since then it was never empty
  std::string save_error;                ///< while totals wait in memory
  std::string damaged_spool;             ///< where the last damaged one is kept
  std::vector<AsideRow> aside;

  std::string sink;
  bool paused = false;
  SenderState sending;
  std::optional<UtcTime> next_try;  ///< while the sink or the spool cannot
  std::int64_t sends_answered = 0;  ///< the newest send_now() that has come to an end

  /// Since when something waits, as far as this run knows: no row waits longer than its slot lasts,
  /// and none longer than something has been waiting.
  [[nodiscard]] std::optional<UtcTime> waiting_since() const;
};

/// One JSON object, for /api/v1/status. Times are ISO text, durations integers with their unit in
/// the name, percentages decimal text as on the wire.
[[nodiscard]] std::string to_json(const AgentStatus& status);

/// "metered", "clock_unset", …
[[nodiscard]] std::string_view to_string(TickState state);

}  // namespace meterbill
