#include "config/places.h"

namespace meterbill {

const Places& standard_places() {
  static const Places places{.config = "/etc/meterbill",
                             .agent_state = "/var/lib/meterbill-agent",
                             .agent_control = "/run/meterbill-agent/control.sock",
                             .worker_state = "/var/lib/meterbill-worker",
                             .worker_control = "/run/meterbill-worker/control.sock",
                             .backups = "/var/backups/meterbill"};
  return places;
}

}  // namespace meterbill
