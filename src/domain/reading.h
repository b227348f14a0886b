#pragma once

#include <cstdint>
#include <optional>

#include "base/flat_map.h"
#include "domain/names.h"
#include "domain/reason.h"
#include "domain/slot.h"

namespace meterbill {

/// What a machine's reading says about the time it covers, in µs. `from`, `to`: the interval of the
/// boot clock booked in this slot; `from` is fixed, the others only grow.
struct Cover {
  std::int64_t from_us = 0;
  std::int64_t to_us = 0;
  std::int64_t metered_us = 0;    ///< the agent was running
  std::int64_t estimated_us = 0;  ///< bridged while the agent was down
  std::int64_t off_us = 0;        ///< the host was off or suspended
  friend bool operator==(const Cover&, const Cover&) = default;
};

using MeterTotals = FlatMap<MeterName, std::int64_t>;

/// How much one scope of one machine has used so far in one slot during one epoch. Only grows.
struct Reading {
  Slot slot;
  ScopeName scope;
  std::optional<Cover> cover;  ///< of scope `machine` only
  bool final = false;          ///< sent after the slot's end; growth is not forbidden
  std::int64_t scopes =
      0;             ///< of a final `machine` reading: scopes of the slot, itself included; else 0
  MeterTotals used;  ///< base units (domain/unit.h)
  friend bool operator==(const Reading&, const Reading&) = default;
};

inline constexpr std::size_t kMetersMax = 64;     ///< of one reading
inline constexpr std::size_t kScopesMax = 1'000;  ///< of one epoch and slot
inline constexpr std::size_t kEpochsMax = 64;     ///< of one machine and slot
inline constexpr std::int64_t kCoresMax = 8'192;
/// No machine uses more in a quarter hour; leaves room to add 1,024 of them in 63 bits.
inline constexpr std::int64_t kQuantityMax = std::int64_t{1} << 53;

/// Why a reading cannot be true by itself, decided from that one reading (design §6 "Plausible by
/// itself"); nothing if it can.
[[nodiscard]] std::optional<Rejection> implausible(const Reading& reading);

/// The most CPU time a machine of that capacity and uptime can show: capacity + 2 % + 50 ms per
/// core, the granularity of the kernel's tick counters (10 ms, per field and core). All in µs.
[[nodiscard]] std::int64_t cpu_limit_us(std::int64_t cpu_capacity_us, std::int64_t uptime_us);

/// kBadSlot outside of kCalendar, whoever says so.
[[nodiscard]] std::optional<Rejection> outside_calendar(Slot slot);

/// kImplausible when a total or time is outside of 0 to kQuantityMax: nobody's word makes room for
/// a number that sums do not fit.
[[nodiscard]] std::optional<Rejection> out_of_range(const Reading& reading);

/// Why a slot of kCalendar cannot be booked now: it starts more than 5 minutes after `recorded`
/// (the record's time) or after `now` (the worker's clock), whichever is earlier, or it is older
/// than 400 days.
[[nodiscard]] std::optional<Rejection> untimely(Slot slot, UtcTime recorded, UtcTime now);

}  // namespace meterbill
