#pragma once

#include <string>

namespace meterbill {

/// What a service is like right now, for whoever runs it.
struct ServiceState {
  std::string line{};  ///< for people: `ready: 3/3 partitions, lag 0`
  bool is_alive = true;
  bool is_ready = false;
  /// Not ready, and all that is missing is outside: a broker, a set clock. The service itself does
  /// what it can.
  bool waits_outside = false;
  bool is_reloading = false;
};

}  // namespace meterbill
