#pragma once

#include <vector>

#include "cli/ask_service.h"
#include "cli/command.h"

namespace meterbill {

/// `reload agent|worker` and `log-level agent|worker LEVEL`: what either running service can be
/// told through its control channel.
[[nodiscard]] std::vector<Command> running_commands(const ServiceAccess& access);

}  // namespace meterbill
