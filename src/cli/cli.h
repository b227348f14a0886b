#pragma once

#include <string>
#include <vector>

#include "cli/command.h"

namespace meterbill {

/// The frame of `meterbill <path…> [options]`: finds the command with the longest path that the
/// arguments begin with, and answers `--help` at every level, `help` and `--version`. A mistake is
/// answered with what is wrong and the nearest command, never with the whole help. The commands are
/// an explicit list given by main.cc: nothing registers itself.
class Cli {
 public:
  /// REQUIRES: no two commands with the same path; no command with the path of a group.
  explicit Cli(std::vector<Command> commands);

  /// Returns an Exit. A result that could not be written is kExitIo, whatever the command said.
  [[nodiscard]] int run(const std::vector<std::string>& arguments, const Terminal& terminal) const;

 private:
  [[nodiscard]] int dispatch(std::vector<std::string> arguments, const Terminal& terminal) const;
  [[nodiscard]] const Command* find(const std::vector<std::string>& words) const;
  [[nodiscard]] int unknown(const std::vector<std::string>& words, const Terminal& terminal) const;
  [[nodiscard]] int help(const std::vector<std::string>& path, const Terminal& terminal) const;
  [[nodiscard]] std::string group_help(const std::vector<std::string>& path) const;

  std::vector<Command> commands_;
};

}  // namespace meterbill
