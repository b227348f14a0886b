#pragma once

#include <string>

#include "base/result.h"
#include "report/evidence_page.h"

namespace meterbill {

/// Reads what a worker answered to /api/v1/evidence. kUnavailable, naming the member, when that is
/// no page of evidence.
[[nodiscard]] Result<EvidencePage> read_evidence_page(const std::string& body);

}  // namespace meterbill
