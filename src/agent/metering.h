#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "agent/slot_totals.h"
#include "base/clock.h"
#include "domain/names.h"
#include "ports/meters.h"
#include "ports/spool.h"

namespace meterbill {

struct MeteringOptions {
  std::int64_t interval_us = 10'000'000;  ///< between ticks
  UtcTime built;                          ///< a clock before it is wrong: nothing is metered
  Labels labels;
  MachineId machine = {};  ///< of the epochs that begin
};

/// Whether and why not a tick was metered.
enum class TickState {
  kMetered,
  kClockUnset,     ///< the clock is before the build date
  kNoCounters,     ///< the CPU counters cannot be read
  kTooManyStarts,  ///< kStartsMax epochs began in this slot already
};

/// Why an epoch began.
enum class EpochCause { kFresh, kSameBoot, kNewBoot, kClockStep };

/// What became of one tick.
struct TickResult {
  TickState state = TickState::kMetered;
  std::optional<EpochCause> began = {};  ///< an epoch began with this tick
  std::int64_t bridged_us = 0;           ///< time booked as estimated
};

/// The rules by which ticks become totals of slots: starts, gaps, clock steps, reboots (design §7).
///
/// Pure: instants and samples go in, records to be saved come out; nothing is lost when a record
/// cannot be saved, because the next one holds it too. Not one SlotTotals for all: a clock step
/// begins a new epoch while the totals of the older one may still wait for disk space. One thread.
class Metering {
 public:
  /// `new_epoch` makes a random id each time.
  Metering(MeteringOptions options, BootId boot, Past past, std::function<EpochId()> new_epoch);

  /// Books what was used since the tick before. REQUIRES: `now` is of the boot given.
  TickResult tick(const Instant& now, const HostSample& sample);

  /// What must be saved; nothing if nothing changed since `saved`. `end`: the agent stops, no epoch
  /// can grow any more.
  [[nodiscard]] std::optional<TickRecord> record(std::optional<EndMark> end = std::nullopt) const;
  /// The last record is stored.
  void saved();
  /// The store was lost: all that is known must be saved again.
  void store_lost();

  /// Of the newest tick, one decimal, for display: "37.5"; empty before the first one.
  [[nodiscard]] const std::string& cpu_percent() const { return cpu_percent_; }
  [[nodiscard]] const std::string& memory_percent() const { return memory_percent_; }
  /// The running epoch; null when none runs.
  [[nodiscard]] const Epoch* epoch() const { return running_ ? &epochs_.back().epoch : nullptr; }
  /// Time until the next tick; what a gap is is judged by it. REQUIRES: > 0.
  void set_interval(std::int64_t interval_us);
  /// How often a counter was below its checkpoint.
  [[nodiscard]] std::int64_t steps_back() const { return steps_back_; }

  /// Each epoch costs a place in every slot's row; a restart loop must not fill it.
  static constexpr std::int64_t kStartsMax = 16;
  /// Wall clock less boot clock may wander so far within an epoch.
  static constexpr std::int64_t kClockStepUs = 30'000'000;
  /// A longer gap is estimated, and a sample of memory counts no longer.
  static constexpr std::int64_t kGapTicks = 3;

 private:
  struct Run {
    Epoch epoch;
    SlotTotals totals;
    std::int64_t wall_less_boot_us = 0;  // at its start
  };

  TickResult start(const Instant& now, const HostSample& sample, bool clock_step);
  void book_since_checkpoint(const Instant& now, const HostSample& sample, bool estimated);
  void book_since_boot(const Instant& now, const HostSample& sample);
  void begin_here(const Instant& now, const HostSample& sample);
  void move_on(const Instant& now, const HostSample& sample, std::int64_t busy_us);
  std::int64_t take_growth(std::int64_t& busy_us);
  void show(std::int64_t cpu_us, std::int64_t capacity_us, const HostSample& sample);

  MeteringOptions options_;
  BootId boot_;
  std::function<EpochId()> new_epoch_;
  std::map<Slot, std::int64_t> starts_;  // of this boot
  std::deque<Run> epochs_;               // with totals to save; the running one last
  bool running_ = false;
  bool changed_ = false;
  std::optional<Checkpoint> last_;  // up to where everything is booked
  std::int64_t memory_used_kib_ = 0;
  std::int64_t memory_left_us_ = 0;  // for how long the newest sample still counts
  std::int64_t steps_back_ = 0;
  std::string cpu_percent_;
  std::string memory_percent_;
};

/// When to tick next: on the interval's marks within the slot, and on each slot's boundary.
/// REQUIRES: interval_us > 0.
[[nodiscard]] UtcTime next_tick(UtcTime now, std::int64_t interval_us);

/// part / whole in percent with one decimal, 0 to 100: "37.5".
[[nodiscard]] std::string percent_text(std::int64_t part, std::int64_t whole);

}  // namespace meterbill
