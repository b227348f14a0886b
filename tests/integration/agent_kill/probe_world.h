#pragma once

#include <cstdint>

#include "agent/loop_waiter.h"
#include "base/clock.h"

namespace meterbill {

/// A clock a thousand times as fast as the host's boot clock, so that a quarter hour takes 0.9 s;
/// it goes on while no process looks at it. `origin_us`: the boot clock when its time began.
class FastClock final : public Clock {
 public:
  static constexpr std::int64_t kSpeed = 1'000;

  explicit FastClock(std::int64_t origin_us) : origin_us_(origin_us) {}
  [[nodiscard]] Instant now() const override {
    const std::int64_t us = (host_.now().boot_us - origin_us_) * kSpeed;
    // 2026-11-22T10:00:00Z, when this machine booted.
    return {.utc = {1'795'341'600'000'000 + us}, .monotonic_us = us, .boot_us = us};
  }

 private:
  SystemClock host_;
  std::int64_t origin_us_;
};

class FastWaiter final : public LoopWaiter {
 public:
  void wait(const std::stop_token& stop, std::int64_t us_max) override {
    waiter_.wait(stop, us_max / FastClock::kSpeed);
  }
  void wake() override { waiter_.wake(); }

 private:
  ConditionWaiter waiter_;
};

inline constexpr std::int64_t kProbeCores = 2;
inline constexpr std::int64_t kProbeMemoryKib = 16'000'001;

}  // namespace meterbill
