#pragma once

#include <string>

#include "base/result.h"
#include "report/coverage_page.h"

namespace meterbill {

/// Reads what a worker answered to /api/v1/coverage. kUnavailable, naming the member, when that is
/// no page of coverage.
[[nodiscard]] Result<CoveragePage> read_coverage_page(const std::string& body);

}  // namespace meterbill
