#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"

namespace meterbill {

/// What can stand in the place of a value or an operand.
struct Expected {
  enum class Kind { kWords, kFile, kFolder, kText };

  std::string name;                ///< as help has it: `PERIOD`
  Kind kind = Kind::kText;         ///< of kText nothing can be offered
  std::vector<std::string> words;  ///< of kWords
};

/// The words of a placeholder such as `agent|worker`; none when it is no such choice.
[[nodiscard]] std::vector<std::string> choices_of(std::string_view placeholder);

/// Reads a placeholder of help: `agent|worker` are words, FILE and PATH files, DIR a folder, LEVEL
/// and PERIOD the words known of them.
[[nodiscard]] Expected expected_of(std::string_view placeholder);

/// The operands of a command, one after the other; brackets for optional ones are left away.
[[nodiscard]] std::vector<Expected> operands_of(const Command& command);

/// A word that can follow, and what it leads to.
struct NextWord {
  std::string word;
  std::string help;
};

/// The beginning of commands: "" or `bill`.
struct CommandGroup {
  std::string path;
  std::vector<NextWord> next;  ///< by name
};

/// All beginnings of commands, the empty one first.
[[nodiscard]] std::vector<CommandGroup> groups_of(const std::vector<Command>& commands);

/// `bill show`.
[[nodiscard]] std::string path_text(const Command& command);

/// What the path of a shell script may be while a command is typed: all groups but the empty one,
/// and all commands.
[[nodiscard]] std::vector<std::string> paths_of(const std::vector<Command>& commands);

/// In single quotes, as bash and zsh read it: nothing in it means anything.
[[nodiscard]] std::string shell_quoted(std::string_view text);

/// Scripts that complete `meterbill`, made from the list of its commands. Each stands alone: it
/// needs no other file, and does not run `meterbill`.
[[nodiscard]] std::string bash_completion(const std::vector<Command>& commands);
[[nodiscard]] std::string zsh_completion(const std::vector<Command>& commands);
[[nodiscard]] std::string fish_completion(const std::vector<Command>& commands);

}  // namespace meterbill
