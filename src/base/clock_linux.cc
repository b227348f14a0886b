#include <ctime>

#include "base/clock.h"

namespace meterbill {
namespace {

constexpr std::int64_t kHeldUpUs = 1'000;
constexpr int kAttemptsMax = 10;

std::int64_t read_us(clockid_t clock) {
  timespec value{};
  // Fails only for a clock that the kernel does not have; the three used here exist since
  // Linux 2.6.39.
  clock_gettime(clock, &value);
  return static_cast<std::int64_t>(value.tv_sec) * 1'000'000 + value.tv_nsec / 1'000;
}

}  // namespace

Instant SystemClock::now() const {
  Instant now;
  // A thread that is held up between two of the clocks has not read one instant.
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    now.monotonic_us = read_us(CLOCK_MONOTONIC);
    now.boot_us = read_us(CLOCK_BOOTTIME);
    now.utc.us = read_us(CLOCK_REALTIME);
    if (read_us(CLOCK_MONOTONIC) - now.monotonic_us < kHeldUpUs) break;
  }
  return now;
}

}  // namespace meterbill
