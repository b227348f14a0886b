#pragma once

#include <mutex>

#include "base/clock.h"

namespace meterbill {

/// A clock that stands still until a test moves it: all its clocks together.
class SteppedClock final : public Clock {
 public:
  [[nodiscard]] Instant now() const override {
    const std::scoped_lock lock(mutex_);
    return now_;
  }
  void advance(std::chrono::microseconds time) {
    const std::scoped_lock lock(mutex_);
    now_.utc.us += time.count();
    now_.monotonic_us += time.count();
    now_.boot_us += time.count();
  }

 private:
  mutable std::mutex mutex_;
  Instant now_{.utc = {1'795'342'500'000'000}, .monotonic_us = 1'000'000, .boot_us = 1'000'000};
};

}  // namespace meterbill
