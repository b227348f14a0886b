#pragma once

#include "cli/ask_service.h"

namespace meterbill {

/// `usage`: what machines have used, of a fleet of any size. Follows the pages of the worker and
/// prints each as it comes, so that neither side holds more than one.
[[nodiscard]] Command usage_command(const ServiceAccess& access);

}  // namespace meterbill
