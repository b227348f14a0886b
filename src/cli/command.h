#pragma once

#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

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
  bool has_edge = true;     ///< `out` is a terminal: tables are made to fit its columns
  bool overwrites = false;  ///< `err` is a terminal: a line of progress may replace the last one
};

/// One long option of a command: `--json`, or `--config FILE` when it takes a value.
struct Flag {
  std::string name{};   ///< without the dashes
  std::string value{};  ///< what stands for the value in help; empty: a switch
  std::string help{};
};

/// One subcommand, e.g. {"bill", "compute"}.
struct Command {
  std::vector<std::string> path{};
  std::string summary{};  ///< one line for `meterbill --help`
  /// `arguments` are those behind the path, `--help` never among them. Returns an Exit.
  std::function<int(const std::vector<std::string>& arguments, const Terminal& terminal)> run{};
  std::string operands{};     ///< for help: `[agent|worker]`
  std::vector<Flag> flags{};  ///< for help, and for parse_arguments (arguments.h)
};

/// The exit code that goes with a failure.
[[nodiscard]] int exit_code(Code code);

/// Writes the message to `err`, each of its lines with "meterbill: " in front; returns exit_code.
int report(const Error& error, const Terminal& terminal, std::string_view program = "meterbill");

}  // namespace meterbill
