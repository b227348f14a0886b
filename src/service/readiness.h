#pragma once

#include <chrono>

#include "ports/service_host.h"
#include "service/service_state.h"

namespace meterbill {

/// A service that is up but waits for something outside, such as a broker, is reported as started
/// after so many seconds: `systemctl start`, a package's installation and whatever is ordered
/// behind it would wait as long as the broker is away (docs/decisions/0006-ready.md). Its status
/// line says what it waits for.
inline constexpr int kReadyWaitSeconds = 60;

/// Much longer than a tick of a second, so that a busy machine does not miss it.
inline constexpr std::chrono::seconds kMoreTime{30};

/// Tells the host once that the service is ready, and until then, and while it takes over a new
/// configuration, that it needs time. One thread.
class Readiness {
 public:
  /// Call it every second. One that is not alive gets no more time.
  void tell(const ServiceState& state, ServiceHost& host) {
    if (!state.is_alive) return;
    if (told_) {
      if (state.is_reloading) host.needs(kMoreTime);
      return;
    }
    waited_s_ = state.waits_outside ? waited_s_ + 1 : 0;
    told_ = state.is_ready || waited_s_ >= kReadyWaitSeconds;
    if (told_)
      host.ready();
    else
      host.needs(kMoreTime);
  }

 private:
  bool told_ = false;
  int waited_s_ = 0;  ///< in which nothing was missing but what is outside
};

}  // namespace meterbill
