#include "service/service_signals.h"

#include "ports/service_log_events.h"
#include "service/readiness.h"
#include "service/start_report.h"

namespace meterbill {

Result<SignalThread> start_service_signals(const ServiceSignals& service) {
  const auto tick = [service, readiness = Readiness()]() mutable {
    service.service_log.summarise();
    const ServiceState state = service.state();
    service.host.status(state.line);
    if (state.is_alive) service.host.alive();
    readiness.tell(state, service.host);
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
  const auto tick = [&host, report = StartReport(progress)]() mutable { report.tell(host); };
  return SignalThread::start({.stop = {}, .reload = {}, .dump = {}, .tick = tick});
}

}  // namespace meterbill
