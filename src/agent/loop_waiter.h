#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stop_token>

namespace meterbill {

/// How a loop waits: until time has passed, somebody wakes it, or it is to stop. Injected, so that
/// a test can let an hour pass at once. Safe to wake from any thread; one thread waits.
class LoopWaiter {
 public:
  virtual ~LoopWaiter() = default;
  virtual void wait(const std::stop_token& stop, std::int64_t us_max) = 0;
  /// A wake while nobody waits ends the next wait at once.
  virtual void wake() = 0;
};

/// Waits in real time.
class ConditionWaiter final : public LoopWaiter {
 public:
  void wait(const std::stop_token& stop, std::int64_t us_max) override;
  void wake() override;

 private:
  std::mutex mutex_;
  std::condition_variable_any condition_;
  bool woken_ = false;
};

}  // namespace meterbill
