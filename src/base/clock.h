#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>

namespace meterbill {

/// An instant of UTC in microseconds since 1970, leap seconds not counted (as the kernel counts).
struct UtcTime {
  std::int64_t us = 0;
  friend constexpr auto operator<=>(UtcTime, UtcTime) = default;
};

/// The three clocks of one instant. `monotonic` stops while the host is suspended, `boot` does not;
/// both count from the boot. Linux: clock_gettime(2), CLOCK_MONOTONIC, CLOCK_BOOTTIME,
/// CLOCK_REALTIME. Windows: unbiased interrupt time, interrupt time, system time as file time.
struct Instant {
  UtcTime utc;
  std::int64_t monotonic_us = 0;
  std::int64_t boot_us = 0;
};

/// Where time comes from: injected, so that a test can let an hour pass in no time. Safe to call
/// from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Instant now() const = 0;
};

/// The host's clocks.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] Instant now() const override;
};

/// "2026-11-22T10:15:00Z"; with a fraction of six digits when there is one.
[[nodiscard]] std::string to_string(UtcTime time);

}  // namespace meterbill
