#include "cli/completion_command.h"

#include <fmt/format.h>

#include <ostream>
#include <utility>

#include "cli/arguments.h"
#include "cli/completion.h"

namespace meterbill {
namespace {

/// All but what it does.
Command named() {
  return {.path = {"completion"},
          .summary = "Prints a script that has a shell complete commands and options.",
          .operands = "bash|zsh|fish"};
}

int print_completion(const std::vector<Command>& commands, const std::vector<std::string>& words,
                     const Terminal& terminal) {
  const auto arguments = parse_arguments(words, {}, 1);
  if (!arguments) return report(arguments.error(), terminal);
  if (arguments.value().words.empty())
    return report(fail(Code::kUsage, "say for which shell: bash, zsh or fish"), terminal);
  const std::string& shell = arguments.value().words.front();
  if (shell == "bash") {
    terminal.out << bash_completion(commands);
  } else if (shell == "zsh") {
    terminal.out << zsh_completion(commands);
  } else if (shell == "fish") {
    terminal.out << fish_completion(commands);
  } else {
    return report(fail(Code::kUsage,
                       fmt::format("no completion for '{}'; there is bash, zsh and fish", shell)),
                  terminal);
  }
  return kExitOk;
}

}  // namespace

Command completion_command(std::vector<Command> others) {
  others.push_back(named());
  Command command = named();
  command.run = [commands = std::move(others)](const std::vector<std::string>& words,
                                               const Terminal& terminal) {
    return print_completion(commands, words, terminal);
  };
  return command;
}

}  // namespace meterbill
