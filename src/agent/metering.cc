#include "agent/metering.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "base/checked.h"

namespace meterbill {
namespace {

/// A counter that is lower than its checkpoint by no more was scaled by the kernel; by more, it
/// began again.
constexpr std::int64_t kJitterUs = 1'000'000;

/// Starts are remembered for ten days, should the clock be set back.
constexpr std::int64_t kStartsKeptSlots = 960;

std::int64_t wall_less_boot(const Instant& now) { return now.utc.us - now.boot_us; }

/// Two clocks are never read at one instant: a shorter difference between them is none. No host is
/// suspended for less.
constexpr std::int64_t kSuspendUsMin = 10'000;

/// Running time between two instants of one boot: never negative, never longer than the boot clock
/// says. Without a suspension it is what the boot clock says, so that the parts of a run add up to
/// the whole.
std::int64_t ran_between(const Instant& from, const Instant& to) {
  const std::int64_t elapsed = std::max(to.boot_us - from.boot_us, std::int64_t{0});
  const std::int64_t ran = to.monotonic_us - from.monotonic_us;
  if (elapsed - ran < kSuspendUsMin) return elapsed;
  return std::max(ran, std::int64_t{0});
}

}  // namespace

UtcTime next_tick(UtcTime now, std::int64_t interval_us) {
  MB_ASSERT(interval_us > 0);
  const Slot slot = Slot::containing(now);
  const std::int64_t into = now.us - slot.start().us;
  return {std::min(slot.end().us, slot.start().us + (into / interval_us + 1) * interval_us)};
}

std::string percent_text(std::int64_t part, std::int64_t whole) {
  if (whole <= 0) return "0";
  const Int128 tenths = (Int128{part} * 1'000 + whole / 2) / whole;
  return decimal_text(Int256(std::clamp(tenths, Int128{0}, Int128{1'000})), 1);
}

Metering::Metering(MeteringOptions options, BootId boot, Past past,
                   std::function<EpochId()> new_epoch)
    : options_(std::move(options)),
      boot_(std::move(boot)),
      new_epoch_(std::move(new_epoch)),
      last_(std::move(past.checkpoint)) {
  MB_ASSERT(options_.interval_us > 0);
  for (const Epoch& epoch : past.epochs)
    if (epoch.boot == boot_) ++starts_[epoch.started];
}

void Metering::set_interval(std::int64_t interval_us) {
  MB_ASSERT(interval_us > 0);
  options_.interval_us = interval_us;
}

TickResult Metering::tick(const Instant& now, const HostSample& sample) {
  if (now.utc < options_.built) return {.state = TickState::kClockUnset};
  if (!sample.cpu) return {.state = TickState::kNoCounters};
  if (!running_) return start(now, sample, false);
  if (std::abs(wall_less_boot(now) - epochs_.back().wall_less_boot_us) > kClockStepUs)
    return start(now, sample, true);
  const std::int64_t gap = now.boot_us - last_->at.boot_us;
  const bool estimated = gap > kGapTicks * options_.interval_us;
  const std::int64_t ran = ran_between(last_->at, now);
  book_since_checkpoint(now, sample, estimated);
  return {.state = TickState::kMetered, .began = {}, .bridged_us = estimated ? ran : 0};
}

TickResult Metering::start(const Instant& now, const HostSample& sample, bool clock_step) {
  running_ = false;
  changed_ |= !epochs_.empty();  // the older epoch is final now
  const Slot slot = Slot::containing(now.utc);
  starts_.erase(starts_.begin(), starts_.lower_bound(slot.plus(-kStartsKeptSlots)));
  if (starts_[slot] >= kStartsMax) return {.state = TickState::kTooManyStarts};
  ++starts_[slot];
  epochs_.push_back(Run{.epoch = {.id = new_epoch_(),
                                  .boot = boot_,
                                  .labels = options_.labels,
                                  .started = slot,
                                  .machine = options_.machine},
                        .totals = SlotTotals(slot.plus(1 - kStretchSlotsMax)),
                        .wall_less_boot_us = wall_less_boot(now)});
  running_ = true;
  if (!last_) {
    begin_here(now, sample);
    return {.state = TickState::kMetered, .began = EpochCause::kFresh};
  }
  if (last_->boot != boot_) {
    book_since_boot(now, sample);
    return {.state = TickState::kMetered,
            .began = EpochCause::kNewBoot,
            .bridged_us = std::min(now.monotonic_us, now.boot_us)};
  }
  const std::int64_t ran = ran_between(last_->at, now);
  book_since_checkpoint(now, sample, true);
  return {.state = TickState::kMetered,
          .began = clock_step ? EpochCause::kClockStep : EpochCause::kSameBoot,
          .bridged_us = ran};
}

void Metering::begin_here(const Instant& now, const HostSample& sample) {
  last_ = Checkpoint{.boot = boot_, .at = now};
  // Nothing is booked yet: what is shown is the average since the boot.
  show(sample.cpu->busy_us, sample.cpu->cores * now.monotonic_us, sample);
  move_on(now, sample, sample.cpu->busy_us);
}

void Metering::book_since_boot(const Instant& now, const HostSample& sample) {
  SlotTotals& totals = epochs_.back().totals;
  // When an operator had stopped the agent, nobody knows how long the host went on: missing.
  if (last_->end != EndMark::kOperator) totals.book_off(last_->at.utc, {now.utc.us - now.boot_us});
  last_->boot = boot_;
  last_->at = {.utc = {now.utc.us - now.boot_us}, .monotonic_us = 0, .boot_us = 0};
  last_->cpu_busy_us = 0;
  last_->cores = sample.cpu->cores;
  last_->memory_total_kib.reset();
  book_since_checkpoint(now, sample, true);
}

void Metering::book_since_checkpoint(const Instant& now, const HostSample& sample, bool estimated) {
  std::int64_t busy_us = sample.cpu->busy_us;
  if (now.boot_us <= last_->at.boot_us) {
    // No time has passed: what was used meanwhile is booked with the next tick. Less than none: the
    // machine was set back to a snapshot, and its counters with it.
    if (now.boot_us < last_->at.boot_us) {
      last_->cpu_busy_us = std::min(last_->cpu_busy_us, busy_us);
      last_->at = now;
      changed_ = true;
    }
    return;
  }
  const std::int64_t ran = ran_between(last_->at, now);
  // Cores and memory can be plugged in and out between two ticks: the greater number is the
  // capacity, so that honest use is never above it.
  const std::int64_t cores = std::max(last_->cores, sample.cpu->cores);
  std::optional<std::int64_t> memory_total = last_->memory_total_kib;
  if (sample.memory) memory_total = std::max(memory_total.value_or(0), sample.memory->total_kib);
  const std::int64_t cpu_us = take_growth(busy_us);
  const std::int64_t memory_us = std::min(ran, memory_left_us_);
  memory_left_us_ -= memory_us;
  MemoryRests rests{.used = last_->memory_rest, .capacity = last_->memory_capacity_rest};
  epochs_.back().totals.book({.from_us = last_->at.boot_us,
                              .monotonic_us = ran,
                              .estimated = estimated,
                              .cpu_us = cpu_us,
                              .cores = cores,
                              .memory_total_kib = memory_total,
                              .memory_used_kib = memory_used_kib_,
                              .memory_us = memory_us},
                             now, rests);
  last_->memory_rest = rests.used;
  last_->memory_capacity_rest = rests.capacity;
  show(cpu_us, cores * ran, sample);
  move_on(now, sample, busy_us);
}

/// The increase since the checkpoint; `busy_us` becomes the value to go on from.
std::int64_t Metering::take_growth(std::int64_t& busy_us) {
  const std::int64_t growth = busy_us - last_->cpu_busy_us;
  if (growth >= 0) return growth;
  ++steps_back_;
  if (growth >= -kJitterUs) busy_us = last_->cpu_busy_us;
  return 0;
}

void Metering::move_on(const Instant& now, const HostSample& sample, std::int64_t busy_us) {
  epochs_.back().totals.move_to(now.utc);
  last_->at = now;
  last_->cpu_busy_us = busy_us;
  last_->cores = sample.cpu->cores;
  last_->end = EndMark::kNone;
  if (sample.memory) {
    last_->memory_total_kib = sample.memory->total_kib;
    memory_used_kib_ = sample.memory->used_kib;
    memory_left_us_ = kGapTicks * options_.interval_us;
  }
  changed_ = true;
}

void Metering::show(std::int64_t cpu_us, std::int64_t capacity_us, const HostSample& sample) {
  cpu_percent_ = percent_text(cpu_us, capacity_us);
  memory_percent_ =
      sample.memory ? percent_text(sample.memory->used_kib, sample.memory->total_kib) : "";
}

std::optional<TickRecord> Metering::record(std::optional<EndMark> end) const {
  if (!changed_ && !(end && running_)) return std::nullopt;
  TickRecord record;
  for (const Run& run : epochs_)
    record.epochs.push_back({.epoch = run.epoch, .readings = run.totals.changed()});
  if (record.epochs.empty()) return std::nullopt;
  record.current = epochs_.back().totals.current();
  record.ended = end.has_value() || !running_;
  record.checkpoint = *last_;
  record.checkpoint.end = end.value_or(EndMark::kNone);
  return record;
}

void Metering::saved() {
  changed_ = false;
  while (epochs_.size() > (running_ ? 1U : 0U)) epochs_.pop_front();
  if (running_) epochs_.back().totals.saved();
}

void Metering::store_lost() {
  for (Run& run : epochs_) run.totals.all_changed();
  changed_ = !epochs_.empty();
}

}  // namespace meterbill
