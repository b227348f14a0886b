#include "base/waiter.h"

#include <utility>

namespace meterbill {

void Waiter::wake() {
  {
    const std::scoped_lock lock(mutex_);
    woken_ = true;
  }
  changed_.notify_all();
}

bool Waiter::wait(const std::stop_token& stop, std::chrono::microseconds time) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, stop, time, [this] { return woken_; });
  woken_ = false;
  return !stop.stop_requested();
}

}  // namespace meterbill
