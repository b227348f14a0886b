#pragma once

#include <string>

#include "base/result.h"
#include "report/usage_page.h"

namespace meterbill {

/// Reads what a worker answered to /api/v1/usage. kUnavailable, naming the member, when that is no
/// page of usage: another program listens there, or one of another version.
[[nodiscard]] Result<UsagePage> read_usage_page(const std::string& body);

}  // namespace meterbill
