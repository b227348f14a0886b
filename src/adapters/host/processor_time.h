#pragma once

#include <cstdint>

#include "base/result.h"

namespace meterbill {

/// What Windows says of all processors together, in units of 100 ns since the boot. `kernel`
/// includes `idle` (GetSystemTimes).
struct ProcessorTicks {
  std::int64_t idle = 0;
  std::int64_t kernel = 0;
  std::int64_t user = 0;
};

/// Busy time of Windows: kernel − idle + user, never falling.
///
/// The three are not read at one instant, so that their sum can step back by a little, and a bill
/// must not: the greatest so far stands.
class ProcessorTime {
 public:
  /// Microseconds of busy time since the boot. kInvalid: a counter is negative, or more was idle
  /// than there was time.
  [[nodiscard]] Result<std::int64_t> busy_us(const ProcessorTicks& ticks);
  [[nodiscard]] std::int64_t steps_back() const { return steps_back_; }

 private:
  std::int64_t busy_us_ = 0;
  std::int64_t steps_back_ = 0;
};

}  // namespace meterbill
