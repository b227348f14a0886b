#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "cli/command.h"
#include "domain/time_zone.h"

namespace meterbill {

/// What `bill compute` needs from outside. The caller owns it all for the time of the call.
struct BillComputeDeps {
  const TimeZoneDatabase& zones;
  const Clock& clock;
  /// A whole text file; its failures name the path.
  std::function<Result<std::string>(const std::string& path)> read_file;
  std::function<std::string(std::string_view)> sha256_hex;
};

/// `meterbill bill compute --readings FILE.jsonl [--prices FILE] …`: prints the statement of a file
/// of messages, one JSON value a line: structured events, values of reading messages, or bare
/// samples. A bare sample is booked at its "timestamp" (unix seconds), else at --at, else now. The
/// same file, prices, period (and --at) give the same bytes. Lines that cannot be read are listed
/// on `err` with number and reason and make the exit code 65; the statement of the others is
/// printed all the same.
[[nodiscard]] int bill_compute(const std::vector<std::string>& arguments, const Terminal& terminal,
                               const BillComputeDeps& deps);

/// The same as a command of the frame.
[[nodiscard]] Command bill_compute_command(BillComputeDeps deps);

}  // namespace meterbill
