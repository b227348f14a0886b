#pragma once

#include <functional>
#include <string>

#include "cli/command.h"

namespace meterbill {

/// The text to note, and the file it goes to, readable by all. Handed in by main.cc.
struct OutsideViewParts {
  std::function<Result<std::string>()> look;
  std::function<Result<void>(const std::string& path, const std::string& text)> write;
};

/// `agent outside-view [--write FILE]`, for the agent's unit: what a process sees that runs in no
/// sandbox.
[[nodiscard]] Command outside_view_command(OutsideViewParts parts);

}  // namespace meterbill
