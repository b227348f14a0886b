#pragma once

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "cli/command.h"
#include "config/load.h"

namespace meterbill {

/// A service whose settings are read. `request` is kept for a reload, which reads them again.
struct StartedProgram {
  Settings settings;
  LoadRequest request;
};

/// The first thing meterbill-agent and meterbill-worker do: read the command line, answer `--help`
/// and `--version`, read all settings. An int is the Exit to end with; everything was said on
/// `terminal`.
[[nodiscard]] std::variant<StartedProgram, int> start_program(
    const OptionTable& table, const std::vector<std::string>& arguments,
    const std::map<std::string, std::string>& environment, const PropertyCheck& check_property,
    const TogetherCheck& check_together, const Terminal& terminal);

}  // namespace meterbill
