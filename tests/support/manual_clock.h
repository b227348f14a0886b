#pragma once

#include "base/clock.h"
#include "base/guarded.h"

namespace meterbill {

/// A clock that stands still until a test moves it.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Instant start) : now_(start) {}

  [[nodiscard]] Instant now() const override {
    return now_.with([](const Instant& now) { return now; });
  }
  /// Time passes on all three clocks.
  void advance(std::int64_t us) {
    now_.with([us](Instant& now) {
      now.utc.us += us;
      now.monotonic_us += us;
      now.boot_us += us;
    });
  }
  /// The host sleeps: the monotonic clock stands still.
  void suspend(std::int64_t us) {
    now_.with([us](Instant& now) {
      now.utc.us += us;
      now.boot_us += us;
    });
  }
  /// Somebody sets the wall clock.
  void step(std::int64_t us) {
    now_.with([us](Instant& now) { now.utc.us += us; });
  }
  /// The host is off for `us`, then boots.
  void reboot(std::int64_t us) {
    now_.with(
        [us](Instant& now) { now = {.utc = {now.utc.us + us}, .monotonic_us = 0, .boot_us = 0}; });
  }

 private:
  Guarded<Instant> now_;
};

}  // namespace meterbill
