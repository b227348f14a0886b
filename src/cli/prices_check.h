#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/ask_service.h"
#include "cli/command.h"
#include "domain/price_version_use.h"
#include "domain/time_zone.h"

namespace meterbill {

/// What `prices check` needs from outside. The caller owns it all for the time of the call.
struct PricesCheckDeps {
  const TimeZoneDatabase& zones;
  /// A whole text file; its failures name the path.
  std::function<Result<std::string>(const std::string& path)> read_file;
  Sha256Hex sha256_hex;
  std::string default_prices;  ///< path without --prices; empty: the built-in prices
  /// Why that path is not known; --prices is needed then.
  std::optional<Error> default_failure = {};
  ServiceAccess access;  ///< the worker that knows which prices were used
};

/// `meterbill prices check [--prices FILE] [--server URL | --ledger FILE] [--json]`: prints the
/// price book, or all that is wrong with the file, each with line and remedy, and exits 78. Then
/// asks the worker which price versions have priced usage: one that the file has edited or dropped
/// is named, and the exit code is 65. A worker that cannot be reached is said so, and no failure.
[[nodiscard]] int prices_check(const std::vector<std::string>& arguments, const Terminal& terminal,
                               const PricesCheckDeps& deps);

/// The same as a command of the frame.
[[nodiscard]] Command prices_check_command(PricesCheckDeps deps);

}  // namespace meterbill
