#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>

namespace meterbill {

/// A pause in a loop that a stop request or news can cut short: instead of a sleep, which nothing
/// could end. One thread waits, any thread wakes.
class Waiter {
 public:
  /// Ends the wait that is going on or, if there is none, the next one: news that come while the
  /// loop works are not missed.
  void wake();

  /// Returns after `time` (measured by the steady clock), when woken, or when a stop is requested;
  /// false in the last case, also when it was requested before.
  bool wait(const std::stop_token& stop, std::chrono::microseconds time);

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool woken_ = false;
};

}  // namespace meterbill
