#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/completion.h"

namespace meterbill {
namespace {

constexpr std::string_view kHead = R"(#compdef meterbill
# Completion of meterbill for zsh, made by `meterbill completion zsh`.
_meterbill() {
  local at='' word helped=''
  local -i length=0
  local -a next
  if [[ $words[2] == help && CURRENT -gt 2 ]]; then
    helped=1
    shift words
    (( CURRENT -= 1 ))
  fi
  for word in "${(@)words[2,CURRENT-1]}"; do
    case "${at:+$at }$word" in
)";

// _arguments sees the last word of the command as the program's name.
constexpr std::string_view kAfterPaths = R"(        at="${at:+$at }$word"
        length+=1
        ;;
      (*) break ;;
    esac
  done
  shift $length words
  (( CURRENT -= length ))
  case $at in
)";

constexpr std::string_view kAfterGroups = R"(  esac
  if (( $#next )); then
    if [[ -z $helped && $words[CURRENT] == -* ]]; then
      [[ -z $at ]] && _arguments '--help[say what there is]' '--version[print the version]'
      [[ -n $at ]] && _arguments '--help[say what there is]'
      return
    fi
    _describe -t commands 'command' next
    return
  fi
  [[ -z $helped ]] || return 1
  case $at in
)";

constexpr std::string_view kTail = R"(    (*) return 1 ;;
  esac
}
# Loaded by compinit from a folder of $fpath, or by hand with `source`.
if [[ $funcstack[1] == _meterbill ]]; then
  _meterbill "$@"
else
  compdef _meterbill meterbill
fi
)";

/// With a backslash before what _arguments and _describe would read.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

/// ":PERIOD:(this-month last-month)".
std::string action_of(const Expected& expected) {
  const std::string name = escaped(expected.name);
  switch (expected.kind) {
    case Expected::Kind::kWords:
      return fmt::format(":{}:({})", name, fmt::join(expected.words, " "));
    case Expected::Kind::kFile:
      return fmt::format(":{}:_files", name);
    case Expected::Kind::kFolder:
      return fmt::format(":{}:_files -/", name);
    case Expected::Kind::kText:
      break;
  }
  return fmt::format(":{}: ", name);
}

std::string group_lines(const CommandGroup& group) {
  std::string text = fmt::format("    ({})\n      next=(\n", shell_quoted(group.path));
  for (const NextWord& word : group.next)
    text += "        " + shell_quoted(word.word + ":" + escaped(word.help)) + "\n";
  if (group.path.empty())
    text += "        'help:Says what there is, or how a command is called.'\n";
  return text + "      )\n      ;;\n";
}

std::string command_lines(const Command& command) {
  std::string text = fmt::format("    ({})\n      _arguments", shell_quoted(path_text(command)));
  const auto add = [&](const std::string& spec) { text += " \\\n        " + shell_quoted(spec); };
  for (const Flag& flag : command.flags)
    add(fmt::format("--{}{}[{}]{}", flag.name, flag.value.empty() ? "" : "=", escaped(flag.help),
                    flag.value.empty() ? "" : action_of(expected_of(flag.value))));
  add("--help[say how it is called]");
  std::size_t place = 0;
  for (const Expected& operand : operands_of(command))
    add(fmt::format("{}{}", ++place, action_of(operand)));
  return text + "\n      ;;\n";
}

}  // namespace

std::string zsh_completion(const std::vector<Command>& commands) {
  std::string script{kHead};
  std::string paths;
  for (const std::string& path : paths_of(commands))
    paths += (paths.empty() ? "      (" : "|\\\n        ") + shell_quoted(path);
  script += paths + ")\n" + std::string(kAfterPaths);
  for (const CommandGroup& group : groups_of(commands)) script += group_lines(group);
  script += kAfterGroups;
  for (const Command& command : commands) script += command_lines(command);
  return script + std::string(kTail);
}

}  // namespace meterbill
