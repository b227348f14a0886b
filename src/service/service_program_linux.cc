#include "service/service_program.h"
#include "service/systemd_host.h"

namespace meterbill {

int run_service_program(const std::string& /*name*/, int (*body)(int, char**), int argc,
                        char** argv) {
  return body(argc, argv);
}

std::string windows_service_name() { return {}; }

std::unique_ptr<ServiceHost> make_service_host(const Clock& clock) {
  return std::make_unique<SystemdHost>(clock);
}

}  // namespace meterbill
