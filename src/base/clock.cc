#include "base/clock.h"

#include <fmt/format.h>

#include <ctime>

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

std::string to_string(UtcTime time) {
  using namespace std::chrono;
  const sys_time<microseconds> instant{microseconds{time.us}};
  const auto day = floor<days>(instant);
  const year_month_day date{day};
  const hh_mm_ss<microseconds> clock{instant - day};
  std::string text =
      fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                  clock.hours().count(), clock.minutes().count(), clock.seconds().count());
  if (clock.subseconds().count() != 0) text += fmt::format(".{:06}", clock.subseconds().count());
  return text + "Z";
}

}  // namespace meterbill
