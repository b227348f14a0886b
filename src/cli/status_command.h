#pragma once

#include "cli/ask_service.h"

namespace meterbill {

/// `status`: worker and agent of this machine in one screen, or those that --server, --ledger and
/// --agent name. Nothing is printed on `out` but what a service said in full. Exit 69 when one of
/// them does not answer or is something else, else 75 when one is not ready.
[[nodiscard]] Command status_command(const ServiceAccess& access);

}  // namespace meterbill
