#pragma once

#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "report/usage_page.h"

namespace meterbill {

/// Reads what a worker answered to /api/v1/usage. kUnavailable, naming the member, when that is no
/// page of usage: another program listens there, or one of another version.
[[nodiscard]] Result<UsagePage> read_usage_page(const std::string& body);

// Members that pages of coverage have as well; kUnavailable as above.
/// A slot, hour, day or period; CSV has it without quotes.
[[nodiscard]] Result<std::string> time_member(const boost::json::value& row, std::string_view name);
/// Where the next page begins.
[[nodiscard]] Result<std::optional<UsageCursor>> next_member(const boost::json::value& page);

}  // namespace meterbill
