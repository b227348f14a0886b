#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace meterbill {

/// sysexits(3), as far as MeterBill uses them.
enum Exit : int {
  kExitOk = 0,
  kExitUsage = 64,
  kExitData = 65,
  kExitNoInput = 66,
  kExitUnavailable = 69,
  kExitBug = 70,
  kExitOs = 71,
  kExitCannotCreate = 73,
  kExitIo = 74,
  kExitTemporary = 75,
  kExitPermission = 77,
  kExitConfig = 78,
};

/// Where a command reads and writes: results on `out`, everything else on `err`.
struct Terminal {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  bool colour = false;
};

/// One subcommand, e.g. {"bill", "compute"}.
struct Command {
  std::vector<std::string> path;
  std::string summary;  ///< one line for `meterbill --help`
  /// `arguments` are those behind the path. Returns an Exit.
  int (*run)(const std::vector<std::string>& arguments, const Terminal& terminal);
};

}  // namespace meterbill
