#pragma once

#include <vector>

#include "cli/ask_service.h"

namespace meterbill {

/// Commands that change what a running service does, through its control channel: `quarantine`,
/// `machine`, `kafka accept`, `agent pause|resume|send`.
[[nodiscard]] std::vector<Command> operator_commands(const ServiceAccess& access);

}  // namespace meterbill
