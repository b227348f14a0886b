#pragma once

#include <vector>

#include "cli/ask_service.h"

namespace meterbill {

/// Commands that show what a running service says of itself: `status`, `machine list`, `quarantine
/// list`, `quarantine show`.
[[nodiscard]] std::vector<Command> list_commands(const ServiceAccess& access);

}  // namespace meterbill
