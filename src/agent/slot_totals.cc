#include "agent/slot_totals.h"

#include <algorithm>

#include "agent/apportion.h"
#include "base/assert.h"
#include "base/checked.h"

namespace meterbill {
namespace {

const MeterName kCpu{"cpu"};
const MeterName kCpuCapacity{"cpu_capacity"};
const MeterName kMemory{"memory"};
const MeterName kMemoryCapacity{"memory_capacity"};
const MeterName kUptime{"uptime"};

constexpr std::int64_t kMicrosecondsOfSecond = 1'000'000;

/// KiB·s of `kib` during `us`; `rest` carries what is less than one.
std::int64_t kib_seconds(std::int64_t kib, std::int64_t us, std::int64_t& rest) {
  const Int128 sum = Int128{kib} * us + rest;
  rest = static_cast<std::int64_t>(sum % kMicrosecondsOfSecond);
  return static_cast<std::int64_t>(sum / kMicrosecondsOfSecond);
}

std::vector<std::int64_t> lengths(const std::vector<Portion>& portions) {
  std::vector<std::int64_t> weights;
  weights.reserve(portions.size());
  for (const Portion& portion : portions) weights.push_back(portion.length_us());
  return weights;
}

/// Of each portion's running time, the part that lies within the first `budget` µs of the stretch.
std::vector<std::int64_t> first(std::int64_t budget, const std::vector<std::int64_t>& ran) {
  std::vector<std::int64_t> parts;
  parts.reserve(ran.size());
  for (const std::int64_t part : ran) {
    parts.push_back(std::min(part, budget));
    budget -= parts.back();
  }
  return parts;
}

}  // namespace

SlotTotals::Total& SlotTotals::total(Slot slot, std::int64_t from_us) {
  const auto [entry, is_new] = totals_.try_emplace(slot);
  if (is_new) entry->second.cover.from_us = entry->second.cover.to_us = from_us;
  entry->second.changed = true;
  return entry->second;
}

void SlotTotals::book(const Use& use, const Instant& end, MemoryRests& rests) {
  const std::vector<Portion> portions = cut(use.from_us, end, earliest_);
  if (portions.empty()) return;
  MB_ASSERT(use.from_us >= 0 && use.monotonic_us >= 0 &&
            use.monotonic_us <= end.boot_us - use.from_us);
  const std::vector<std::int64_t> weights = lengths(portions);
  // When within a stretch the host slept is not known: each slot gets its share of both. A share of
  // running time is never longer than the portion, because the whole is not.
  const std::vector<std::int64_t> ran = apportion(use.monotonic_us, weights);
  const std::vector<std::int64_t> cpu = apportion(use.cpu_us, weights);
  const std::vector<std::int64_t> sampled = first(use.memory_us, ran);
  for (std::size_t i = 0; i < portions.size(); ++i) {
    Total& slot = total(portions[i].slot, portions[i].from_us);
    slot.cover.to_us = portions[i].to_us;
    (use.estimated ? slot.cover.estimated_us : slot.cover.metered_us) += ran[i];
    slot.cover.off_us += portions[i].length_us() - ran[i];
    slot.used[kUptime] += ran[i];
    slot.used[kCpu] += cpu[i];
    slot.used[kCpuCapacity] += use.cores * ran[i];
    if (!use.memory_total_kib) continue;
    slot.used[kMemoryCapacity] += kib_seconds(*use.memory_total_kib, ran[i], rests.capacity);
    if (sampled[i] > 0)
      slot.used[kMemory] += kib_seconds(use.memory_used_kib, sampled[i], rests.used);
  }
}

void SlotTotals::book_off(UtcTime from, UtcTime to) {
  MB_ASSERT(totals_.empty());
  // Off never counts, so what a stretch cannot hold is left out: missing, as everything that old.
  from.us = std::max(from.us, to.us - (kStretchSlotsMax - 1) * Slot::kMicroseconds);
  if (from >= to) return;
  // The same cutting, on a clock that is the wall clock.
  const Instant end{.utc = to, .monotonic_us = 0, .boot_us = to.us};
  for (const Portion& portion : cut(from.us, end, earliest_)) {
    Total& slot = total(portion.slot, 0);
    slot.cover.off_us += portion.length_us();
    slot.used[kUptime] += 0;
  }
}

void SlotTotals::move_to(UtcTime now) { earliest_ = std::max(earliest_, Slot::containing(now)); }

std::vector<Reading> SlotTotals::changed() const {
  std::vector<Reading> readings;
  for (const auto& [slot, total] : totals_) {
    if (!total.changed) continue;
    Reading reading;
    reading.slot = slot;
    reading.scope = machine_scope();
    reading.cover = total.cover;
    reading.used = total.used;
    readings.push_back(std::move(reading));
  }
  return readings;
}

void SlotTotals::saved() {
  totals_.erase(totals_.begin(), totals_.lower_bound(earliest_));
  for (auto& [slot, total] : totals_) total.changed = false;
}

void SlotTotals::all_changed() {
  for (auto& [slot, total] : totals_) total.changed = true;
}

}  // namespace meterbill
