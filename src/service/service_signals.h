#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "base/log.h"
#include "base/result.h"
#include "base/start_progress.h"
#include "ports/service_host.h"
#include "service/service_log.h"
#include "service/service_state.h"
#include "service/signals.h"

namespace meterbill {

/// A running service as its signals see it. What is borrowed outlives the thread.
struct ServiceSignals {
  std::stop_source& stop;  ///< asked by the first TERM or INT
  Log& log;
  ServiceLog& service_log;
  ServiceHost& host;  ///< told the state every second, and once that the service is ready
  std::function<ServiceState()> state;
  std::function<std::string()> dump;  ///< what USR1 writes to the log
  std::function<void()> reload;       ///< HUP
};

/// Answers signals until the result ends. REQUIRES: as SignalThread.
[[nodiscard]] Result<SignalThread> start_service_signals(const ServiceSignals& service);

/// While a service starts: tells the host how far it is and asks for more time as long as it gets
/// on. TERM and INT end it at once: nothing of a start needs an end in order. What is borrowed
/// outlives the thread. REQUIRES: as SignalThread.
[[nodiscard]] Result<SignalThread> start_reporting(ServiceHost& host, StartProgress& progress);

}  // namespace meterbill
