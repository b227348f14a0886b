#include "service/service_signals.h"

namespace meterbill {

Result<SignalThread> start_service_signals(const ServiceSignals& service) {
  const auto tick = [service, told_ready = false]() mutable {
    service.service_log.summarise();
    const ServiceState state = service.state();
    service.host.status(state.line);
    if (state.is_alive) service.host.alive();
    if (state.is_ready && !told_ready) {
      service.host.ready();
      told_ready = true;
    }
  };
  const auto reload = [&log = service.log] {
    log.operated("reload is not possible yet: restart to take over a new configuration", {});
  };
  return SignalThread::start({.stop = [&stop = service.stop] { stop.request_stop(); },
                              .reload = reload,
                              .dump = [service] { service.log.operated(service.dump(), {}); },
                              .tick = tick});
}

}  // namespace meterbill
