#pragma once

#include <vector>

#include "cli/command.h"

namespace meterbill {

/// `completion bash|zsh|fish`: prints a script that completes `others` and itself.
[[nodiscard]] Command completion_command(std::vector<Command> others);

}  // namespace meterbill
