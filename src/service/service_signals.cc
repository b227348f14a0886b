#include "service/service_signals.h"

#include "ports/service_log_events.h"
#include "service/readiness.h"

namespace meterbill {
namespace {

/// A step of a start may say nothing for so many ticks: a large write that reaches the disk does.
constexpr int kQuietTicksMax = 30;

}  // namespace

Result<SignalThread> start_service_signals(const ServiceSignals& service) {
  const auto tick = [service, readiness = Readiness()]() mutable {
    service.service_log.summarise();
    const ServiceState state = service.state();
    service.host.status(state.line);
    if (state.is_alive) service.host.alive();
    readiness.tell(state.is_alive, state.is_ready, service.host);
  };
  const auto dump = [service] {
    service.log.write(service_event::kStatus, {{"STATUS", service.dump()}});
  };
  return SignalThread::start({.stop = [&stop = service.stop] { stop.request_stop(); },
                              .reload = service.reload,
                              .dump = dump,
                              .tick = tick});
}

Result<SignalThread> start_reporting(ServiceHost& host, StartProgress& progress) {
  const auto tick = [&host, &progress, quiet_ticks = 0]() mutable {
    host.status(progress.line());
    quiet_ticks = progress.has_moved() ? 0 : quiet_ticks + 1;
    if (quiet_ticks < kQuietTicksMax) host.needs(kMoreTime);
  };
  return SignalThread::start({.stop = {}, .reload = {}, .dump = {}, .tick = tick});
}

}  // namespace meterbill
