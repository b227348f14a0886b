#include <fmt/format.h>
#include <systemd/sd-daemon.h>

#include <algorithm>

#include "service/systemd_host.h"

namespace meterbill {
namespace {

/// Nothing can be done about a failure, and nothing depends on it.
void notify(const std::string& state) { static_cast<void>(sd_notify(0, state.c_str())); }

}  // namespace

SystemdHost::SystemdHost(const Clock& clock) : clock_(clock) {
  std::uint64_t limit_us = 0;
  if (sd_watchdog_enabled(0, &limit_us) > 0)
    watchdog_period_ = std::chrono::microseconds{static_cast<std::int64_t>(limit_us / 3)};
}

void SystemdHost::ready() { notify("READY=1"); }

void SystemdHost::needs(std::chrono::microseconds time) {
  notify(fmt::format("EXTEND_TIMEOUT_USEC={}", time.count()));
}

void SystemdHost::stopping() { notify("STOPPING=1"); }

void SystemdHost::status(std::string_view line) {
  std::string text{line};
  std::ranges::replace(text, '\n', ' ');  // a newline would begin another assignment
  {
    const std::scoped_lock lock(mutex_);
    if (text == status_) return;
    status_ = text;
  }
  notify("STATUS=" + text);
}

void SystemdHost::alive() {
  if (!watchdog_period_) return;
  {
    const std::scoped_lock lock(mutex_);
    const std::int64_t now_us = clock_.now().monotonic_us;
    if (alive_us_ && now_us - *alive_us_ < watchdog_period_->count() / 2) return;
    alive_us_ = now_us;
  }
  notify("WATCHDOG=1");
}

std::optional<std::chrono::microseconds> SystemdHost::watchdog_period() const {
  return watchdog_period_;
}

}  // namespace meterbill
