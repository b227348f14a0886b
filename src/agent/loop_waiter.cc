#include "agent/loop_waiter.h"

#include <chrono>
#include <utility>

namespace meterbill {

void ConditionWaiter::wait(const std::stop_token& stop, std::int64_t us_max) {
  std::unique_lock lock(mutex_);
  condition_.wait_for(lock, stop, std::chrono::microseconds(us_max), [this] { return woken_; });
  woken_ = false;
}

void ConditionWaiter::wake() {
  {
    const std::scoped_lock lock(mutex_);
    woken_ = true;
  }
  condition_.notify_one();
}

}  // namespace meterbill
