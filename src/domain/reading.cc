#include "domain/reading.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/checked.h"

namespace meterbill {
namespace {

constexpr std::int64_t kMinute = 60'000'000;
constexpr std::int64_t kDay = std::int64_t{24} * 60 * kMinute;
constexpr std::int64_t kFutureMax = 5 * kMinute;
constexpr std::int64_t kAgeMax = 400 * kDay;
// The boot clock and the monotonic clock are read one after the other.
constexpr std::int64_t kClocksApartMax = 1'000'000;

Rejection not_true(std::string detail) { return {Reason::kImplausible, std::move(detail)}; }

/// What is judged of a machine's use; of a hundred thousand readings a second, so each meter is
/// looked at once.
struct MachineUse {
  std::optional<std::int64_t> cpu, cpu_capacity, memory, memory_capacity, uptime;

  explicit MachineUse(const MeterTotals& used) {
    for (const auto& [meter, value] : used) {
      const std::string_view name = meter.str();
      if (name == "cpu")
        cpu = value;
      else if (name == "cpu_capacity")
        cpu_capacity = value;
      else if (name == "memory")
        memory = value;
      else if (name == "memory_capacity")
        memory_capacity = value;
      else if (name == "uptime")
        uptime = value;
    }
  }
};

std::optional<Rejection> bad_cover(const Cover& cover) {
  if (cover.to_us < cover.from_us)
    return not_true(fmt::format("to_us {} is before from_us {}", cover.to_us, cover.from_us));
  // What is off may lie outside: a host without power has no boot clock.
  const std::int64_t lasted = cover.to_us - cover.from_us;
  if (cover.metered_us + cover.estimated_us > lasted + kClocksApartMax)
    return not_true(
        fmt::format("metered + estimated is more than from_us to to_us, {} µs", lasted));
  return std::nullopt;
}

std::optional<Rejection> bad_machine_use(const Reading& reading) {
  const MachineUse use(reading.used);
  if (use.cpu && !use.cpu_capacity)
    return Rejection{Reason::kNoCapacity, "cpu without cpu_capacity"};
  if (use.memory && !use.memory_capacity)
    return Rejection{Reason::kNoCapacity, "memory without memory_capacity"};
  if (!reading.cover) return Rejection{Reason::kMissingField, "machine reading without from_us"};
  const std::int64_t covered = reading.cover->metered_us + reading.cover->estimated_us;
  // A reading that leaves uptime out is held to the longest it could be.
  const std::int64_t running = use.uptime.value_or(covered);
  if (running > covered)
    return not_true(fmt::format("uptime {} µs is more than metered + estimated", running));
  const std::int64_t cpu = use.cpu.value_or(0);
  const std::int64_t cpu_capacity = use.cpu_capacity.value_or(0);
  if (Int128{cpu_capacity} > Int128{kCoresMax} * running)
    return not_true(
        fmt::format("cpu_capacity {} means more than {} cores", cpu_capacity, kCoresMax));
  if (cpu > cpu_limit_us(cpu_capacity, running))
    return not_true(fmt::format("cpu {} is more than cpu_capacity {} allows", cpu, cpu_capacity));
  const std::int64_t memory = use.memory.value_or(0);
  const std::int64_t memory_capacity = use.memory_capacity.value_or(0);
  if (memory > memory_capacity + memory_capacity / 50)
    return not_true(
        fmt::format("memory {} is more than memory_capacity {} allows", memory, memory_capacity));
  return std::nullopt;
}

}  // namespace

std::int64_t cpu_limit_us(std::int64_t cpu_capacity_us, std::int64_t uptime_us) {
  // Without uptime there is no core count: one core's tolerance then.
  const std::int64_t cores =
      uptime_us <= 0
          ? 1
          : std::clamp((cpu_capacity_us + uptime_us - 1) / uptime_us, std::int64_t{1}, kCoresMax);
  return cpu_capacity_us + cpu_capacity_us / 50 + cores * 50'000;
}

/// Units over 2^53 would be centuries of a core or petabytes a second.
std::optional<Rejection> out_of_range(const Reading& reading) {
  const auto fits = [](std::int64_t value) { return value >= 0 && value <= kQuantityMax; };
  for (const auto& [meter, value] : reading.used)
    if (!fits(value))
      return not_true(fmt::format("{} = {} is outside 0 to 2^53", meter.str(), value));
  if (!reading.cover) return std::nullopt;
  const Cover& cover = *reading.cover;
  for (const std::int64_t value :
       {cover.from_us, cover.to_us, cover.metered_us, cover.estimated_us, cover.off_us})
    if (!fits(value)) return not_true(fmt::format("a time of {} µs is outside 0 to 2^53", value));
  return std::nullopt;
}

std::optional<Rejection> implausible(const Reading& reading) {
  if (auto rejection = out_of_range(reading)) return rejection;
  if (reading.cover)
    if (auto rejection = bad_cover(*reading.cover)) return rejection;
  if (reading.scope == machine_scope()) return bad_machine_use(reading);
  return std::nullopt;
}

std::optional<Rejection> outside_calendar(Slot slot) {
  if (kCalendar.contains(slot)) return std::nullopt;
  return Rejection{Reason::kBadSlot, "the slot is not in the years 2000 to 2199"};
}

std::optional<Rejection> untimely(Slot slot, UtcTime recorded, UtcTime now) {
  // The record's time is anybody's number: nothing is added to it.
  const std::int64_t begun_us = slot.start().us - kFutureMax;
  if (begun_us > recorded.us || begun_us > now.us)
    return Rejection{Reason::kFuture,
                     fmt::format("slot {} is more than 5 minutes ahead", to_string(slot))};
  if (slot.start().us < now.us - kAgeMax)
    return Rejection{Reason::kTooOld,
                     fmt::format("slot {} is older than 400 days", to_string(slot))};
  return std::nullopt;
}

}  // namespace meterbill
