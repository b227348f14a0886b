#pragma once

#include <string>
#include <vector>

#include "cli/command.h"

namespace meterbill {

/// The page meterbill(1): every command with its options, and what is common to them.
[[nodiscard]] std::string man_command(const std::vector<Command>& commands);

}  // namespace meterbill
