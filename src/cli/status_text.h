#pragma once

#include <boost/json/value.hpp>
#include <string>

#include "base/result.h"

namespace meterbill {

/// A worker's and an agent's /api/v1/status for people, in lines of at most 80 columns. `where` is
/// the address that was asked. Ages are against the service's own clock. kUnavailable: it is the
/// status of the other service, or of neither.
[[nodiscard]] Result<std::string> worker_status_text(const boost::json::value& status,
                                                     const std::string& where);
[[nodiscard]] Result<std::string> agent_status_text(const boost::json::value& status,
                                                    const std::string& where);

}  // namespace meterbill
