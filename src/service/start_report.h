#pragma once

#include "base/start_progress.h"
#include "ports/service_host.h"
#include "service/readiness.h"

namespace meterbill {

/// Tells the host how far a start is, and asks for more time as long as it gets on. One thread.
class StartReport {
 public:
  /// A step may say nothing for so many seconds: a large write that reaches the disk does.
  static constexpr int kQuietSecondsMax = 30;

  explicit StartReport(StartProgress& progress) : progress_(progress) {}

  /// Call it every second.
  void tell(ServiceHost& host) {
    host.status(progress_.line());
    quiet_s_ = progress_.has_moved() ? 0 : quiet_s_ + 1;
    if (quiet_s_ < kQuietSecondsMax) host.needs(kMoreTime);
  }

 private:
  StartProgress& progress_;
  int quiet_s_ = 0;
};

}  // namespace meterbill
