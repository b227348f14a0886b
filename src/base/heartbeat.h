#pragma once

#include <atomic>
#include <cstdint>
#include <limits>

namespace meterbill {

/// A loop's promise of when it shows up again, for whoever judges whether it still runs. Not "seen
/// within so long": a loop that rests for minutes and one that has work to do would share one
/// limit, which is too long for the one or too short for the other. Times are monotonic µs. The
/// loop promises, any thread asks.
class Heartbeat {
 public:
  /// The loop works or rests now, for at most so long.
  void promise(std::int64_t now_us, std::int64_t within_us) { due_us_ = now_us + within_us; }
  /// The loop has ended as it should; it owes nothing more.
  void end() { due_us_ = kNever; }

  /// The last promise was broken. False before the first one.
  [[nodiscard]] bool is_late(std::int64_t now_us) const { return now_us > due_us_; }

 private:
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
  std::atomic<std::int64_t> due_us_ = kNever;
};

}  // namespace meterbill
