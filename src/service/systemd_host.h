#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.h"
#include "ports/service_host.h"

namespace meterbill {

/// Not RELOADING=1: a READY=1 behind it ends the reload's job as done, before `meterbill reload`
/// could fail it.
///
/// Tells systemd through NOTIFY_SOCKET, sd_notify(3); without that variable every call does
/// nothing, so the same program runs on a console. WATCHDOG=1 is sent by `alive` alone, never by a
/// timer: a stuck loop must be seen.
class SystemdHost final : public ServiceHost {
 public:
  /// Reads WATCHDOG_USEC once.
  explicit SystemdHost(const Clock& clock);

  void ready() override;
  void needs(std::chrono::microseconds time) override;
  void stopping() override;
  void status(std::string_view line) override;
  void alive() override;
  [[nodiscard]] std::optional<std::chrono::microseconds> watchdog_period() const override;

 private:
  const Clock& clock_;
  std::optional<std::chrono::microseconds> watchdog_period_;
  std::mutex mutex_;
  std::string status_;
  std::optional<std::int64_t> alive_us_;  ///< monotonic, of the last ping
};

}  // namespace meterbill
