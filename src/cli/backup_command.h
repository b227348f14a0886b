#pragma once

#include <chrono>
#include <functional>

#include "cli/ask_service.h"
#include "cli/command.h"

namespace meterbill {

/// Waits so long; true when the user has asked to stop (Ctrl-C). From the first call on that ends
/// the program no more.
using WaitForInterrupt = std::function<bool(std::chrono::milliseconds)>;

/// `backup FILE [--json]`: begins a backup in the running worker, shows how far it is, and ends
/// with it. Ctrl-C undoes it. Exit 74: it could not be made; 75: it was stopped.
[[nodiscard]] Command backup_command(const ServiceAccess& access, const WaitForInterrupt& wait);

}  // namespace meterbill
