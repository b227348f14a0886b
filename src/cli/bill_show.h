#pragma once

#include <vector>

#include "cli/ask_service.h"

namespace meterbill {

/// `usage` and `bill show`: what the worker has metered and what it comes to.
[[nodiscard]] std::vector<Command> bill_show_commands(const ServiceAccess& access);

}  // namespace meterbill
