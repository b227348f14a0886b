#include "adapters/host/processor_time.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/checked.h"

namespace meterbill {

namespace {
constexpr std::int64_t kTicksPerUs = 10;
}  // namespace

Result<std::int64_t> ProcessorTime::busy_us(const ProcessorTicks& ticks) {
  if (ticks.idle < 0 || ticks.user < 0 || ticks.kernel < ticks.idle)
    return fail(Code::kInvalid,
                fmt::format("idle {}, kernel {}, user {}: more was idle than there was time",
                            ticks.idle, ticks.kernel, ticks.user));
  MB_TRY(const std::int64_t busy, add(ticks.kernel - ticks.idle, ticks.user));
  const std::int64_t now_us = busy / kTicksPerUs;
  if (now_us < busy_us_) ++steps_back_;
  busy_us_ = std::max(busy_us_, now_us);
  return busy_us_;
}

}  // namespace meterbill
