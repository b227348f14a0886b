#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/settings.h"

namespace meterbill {

/// What the command line of meterbill-agent or meterbill-worker said.
struct ProgramArguments {
  bool help = false;
  bool version = false;
  std::optional<std::string> config_file;  ///< --config FILE
  std::vector<Assignment> settings;        ///< --agent.interval=1s
};

/// Reads `--key=value`, `--key value`, `--config`, `--help`, `--version`. Names are never guessed
/// from a beginning. kUsage with every problem, one a line: an unknown option with the nearest
/// one, an option given twice, and a secret, which any user of the machine could read in the
/// process list. Values are checked by load_settings.
[[nodiscard]] Result<ProgramArguments> parse_command_line(
    const OptionTable& table, const std::vector<std::string>& arguments);

}  // namespace meterbill
