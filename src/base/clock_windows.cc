#include <windows.h>

#include "base/clock.h"

namespace meterbill {
namespace {

constexpr std::int64_t kHeldUpUs = 1'000;
constexpr int kAttemptsMax = 10;
constexpr std::int64_t kTicksPerUs = 10;  // of 100 ns
/// From 1601 to 1970: 134,774 days.
constexpr std::int64_t kEpochUs = std::int64_t{134'774} * 86'400 * 1'000'000;

using InterruptTime = void(WINAPI*)(PULONGLONG);

/// Windows 10 and Server 2016 have the precise forms, but not in a library that mingw-w64 links to
/// and that Wine has too.
InterruptTime precise(const char* name) {
  const HMODULE module = GetModuleHandleA("kernelbase.dll");
  if (module == nullptr) return nullptr;
  return reinterpret_cast<InterruptTime>(reinterpret_cast<void*>(GetProcAddress(module, name)));
}

/// Since the boot, without the time asleep; to the timer's tick (1 to 16 ms) where there is no
/// QueryUnbiasedInterruptTimePrecise.
std::int64_t awake_us() {
  static const InterruptTime query = precise("QueryUnbiasedInterruptTimePrecise");
  ULONGLONG ticks = 0;
  if (query != nullptr)
    query(&ticks);
  else
    QueryUnbiasedInterruptTime(&ticks);
  return static_cast<std::int64_t>(ticks) / kTicksPerUs;
}

/// Since the boot, with the time asleep; to the timer's tick where there is no
/// QueryInterruptTimePrecise.
std::int64_t boot_us() {
  static const InterruptTime query = precise("QueryInterruptTimePrecise");
  if (query == nullptr) return static_cast<std::int64_t>(GetTickCount64()) * 1'000;
  ULONGLONG ticks = 0;
  query(&ticks);
  return static_cast<std::int64_t>(ticks) / kTicksPerUs;
}

std::int64_t utc_us() {
  FILETIME time{};
  GetSystemTimePreciseAsFileTime(&time);
  const std::int64_t ticks =
      static_cast<std::int64_t>(time.dwHighDateTime) << 32 | time.dwLowDateTime;
  return ticks / kTicksPerUs - kEpochUs;
}

}  // namespace

Instant SystemClock::now() const {
  Instant now;
  // A thread that is held up between two of the clocks has not read one instant.
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    now.monotonic_us = awake_us();
    now.boot_us = boot_us();
    now.utc.us = utc_us();
    if (awake_us() - now.monotonic_us < kHeldUpUs) break;
  }
  return now;
}

}  // namespace meterbill
