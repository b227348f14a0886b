#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "ports/service_host.h"

namespace meterbill {

/// Runs the program of a service: `body` is its main, `name` that of the Windows service. There it
/// talks to the service manager before anything else, and `body` runs when that one says so: what
/// `body` returns is the exit code that the manager sees, and decides whether it restarts the
/// service. Started by a person, or on Linux, this is `body` itself.
/// REQUIRES: called once, by main.
[[nodiscard]] int run_service_program(const std::string& name, int (*body)(int, char**), int argc,
                                      char** argv);

/// The name of the service as which Windows' service manager started this process; empty: it did
/// not.
[[nodiscard]] std::string windows_service_name();

/// Who is to hear how the service does: systemd, Windows' service manager, or nobody.
[[nodiscard]] std::unique_ptr<ServiceHost> make_service_host(const Clock& clock);

}  // namespace meterbill
