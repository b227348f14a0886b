#pragma once

#include "cli/ask_service.h"

namespace meterbill {

/// `bill show`: what a period comes to.
[[nodiscard]] Command bill_show_command(const ServiceAccess& access);

}  // namespace meterbill
