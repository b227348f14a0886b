#pragma once

#include "cli/ask_service.h"
#include "cli/backup_command.h"
#include "cli/command.h"

namespace meterbill {

/// `agent send [--again] [--json]`: has the agent try at once, and waits up to kSendWaitMax for
/// what comes of it. Exit 69: nothing can be sent; 75: it has not come to an end yet.
[[nodiscard]] Command send_command(const ServiceAccess& access, const WaitForInterrupt& wait);

inline constexpr std::chrono::seconds kSendWaitMax{45};  ///< longer than a request of the sender

}  // namespace meterbill
