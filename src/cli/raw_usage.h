#pragma once

#include "cli/ask_service.h"

namespace meterbill {

/// `usage --raw`: back from a slot to the messages that made it, and whether they explain all of
/// it. Follows the pages of the worker and prints each message as it comes. Returns an Exit:
/// kExitData when ledger and evidence contradict each other.
[[nodiscard]] Result<int> print_raw_usage(const ServiceAccess& access, const Arguments& arguments,
                                          const Terminal& terminal);

}  // namespace meterbill
