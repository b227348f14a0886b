#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/command.h"
#include "domain/time_zone.h"

namespace meterbill {

/// What `prices check` needs from outside. The caller owns it all for the time of the call.
struct PricesCheckDeps {
  const TimeZoneDatabase& zones;
  /// A whole text file; its failures name the path.
  std::function<Result<std::string>(const std::string& path)> read_file;
  std::function<std::string(std::string_view)> sha256_hex;
  std::string default_prices;  ///< path without --prices; empty: the built-in prices
};

/// `meterbill prices check [--prices FILE] [--json]`: prints the price book, or all that is wrong
/// with the file, each with line and remedy, and exits 78.
[[nodiscard]] int prices_check(const std::vector<std::string>& arguments, const Terminal& terminal,
                               const PricesCheckDeps& deps);

/// The same as a command of the frame.
[[nodiscard]] Command prices_check_command(PricesCheckDeps deps);

}  // namespace meterbill
