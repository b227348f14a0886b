#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/completion.h"

namespace meterbill {
namespace {

// `=` is a word of its own where bash breaks words at it, which it does unless told otherwise.
constexpr std::string_view kHead =
    R"(# Completion of meterbill for bash, made by `meterbill completion bash`.
_meterbill() {
  local cur=${COMP_WORDS[COMP_CWORD]} path='' flag='' prefix='' word i
  local next='' switches='' valued='' values='' kind='' helped=''
  local -i length=0 operands=0
  local -a given=()
  for ((i = 1; i < COMP_CWORD; ++i)); do
    [[ ${COMP_WORDS[i]} == '=' && ${COMP_WORDS[i - 1]} == --* ]] || given+=("${COMP_WORDS[i]}")
  done
  [[ $cur != '=' ]] || cur=''
  if [[ ${given[0]-} == help ]]; then
    helped=1
    given=("${given[@]:1}")
  fi
  for word in "${given[@]}"; do
    case "${path:+$path }$word" in
)";

constexpr std::string_view kAfterPaths = R"(        path=${path:+$path }$word
        length+=1
        ;;
      *) break ;;
    esac
  done
  case $path in
)";

constexpr std::string_view kAfterNodes = R"(  esac
  [[ -z $helped ]] || switches='' valued=''
  for word in "${given[@]:length}"; do
    if [[ -n $flag ]]; then
      flag=''
    elif [[ -n $word && " $valued " == *" $word "* ]]; then
      flag=$word
    elif [[ $word != -* ]]; then
      operands+=1
    fi
  done
  if [[ -z $flag && $cur == --*=* ]]; then
    flag=${cur%%=*}
    prefix=$flag=
    cur=${cur#*=}
  fi
  case "$path ${flag:-$operands}" in
)";

constexpr std::string_view kTail = R"(  esac
  if [[ -n $helped ]]; then
    values='' kind=''
  fi
  if [[ -z $flag ]]; then
    values="$next $values"
    if [[ $cur == -* || (-z $kind && -z ${values// /}) ]]; then
      values="$switches $valued"
      kind=''
    fi
  fi
  COMPREPLY=()
  case $kind in
    file)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -f -- "$cur")
      ;;
    folder)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -d -- "$cur")
      ;;
    *) mapfile -t COMPREPLY < <(compgen -W "$values" -- "$cur") ;;
  esac
  COMPREPLY=("${COMPREPLY[@]/#/$prefix}")
}
complete -F _meterbill meterbill
)";

/// A line of a case that says what is expected there; empty when nothing can be offered.
std::string expected_line(const std::string& pattern, const Expected& expected) {
  switch (expected.kind) {
    case Expected::Kind::kWords:
      return fmt::format("    {}) values={} ;;\n", shell_quoted(pattern),
                         shell_quoted(fmt::format("{}", fmt::join(expected.words, " "))));
    case Expected::Kind::kFile:
      return fmt::format("    {}) kind='file' ;;\n", shell_quoted(pattern));
    case Expected::Kind::kFolder:
      return fmt::format("    {}) kind='folder' ;;\n", shell_quoted(pattern));
    case Expected::Kind::kText:
      break;
  }
  return {};
}

std::string group_line(const CommandGroup& group) {
  std::string next;
  for (const NextWord& word : group.next) next += (next.empty() ? "" : " ") + word.word;
  const bool is_root = group.path.empty();
  return fmt::format("    {}) next={} switches={} ;;\n", shell_quoted(group.path),
                     shell_quoted(is_root ? next + " help" : next),
                     shell_quoted(is_root ? "--help --version" : "--help"));
}

std::string command_line(const Command& command) {
  std::string switches;
  std::string valued;
  for (const Flag& flag : command.flags) {
    std::string& flags = flag.value.empty() ? switches : valued;
    flags += fmt::format("--{} ", flag.name);
  }
  if (!valued.empty()) valued.pop_back();
  return fmt::format("    {}) switches={}{} ;;\n", shell_quoted(path_text(command)),
                     shell_quoted(switches + "--help"),
                     valued.empty() ? "" : " valued=" + shell_quoted(valued));
}

}  // namespace

std::string bash_completion(const std::vector<Command>& commands) {
  std::string script{kHead};
  std::string paths;
  for (const std::string& path : paths_of(commands))
    paths += fmt::format("{}      {}", paths.empty() ? "" : " | \\\n", shell_quoted(path));
  script += paths + ")\n" + std::string(kAfterPaths);
  for (const CommandGroup& group : groups_of(commands)) script += group_line(group);
  for (const Command& command : commands) script += command_line(command);
  script += kAfterNodes;
  for (const Command& command : commands) {
    const std::string path = path_text(command);
    std::size_t place = 0;
    for (const Expected& operand : operands_of(command))
      script += expected_line(fmt::format("{} {}", path, place++), operand);
    for (const Flag& flag : command.flags)
      if (!flag.value.empty())
        script += expected_line(fmt::format("{} --{}", path, flag.name), expected_of(flag.value));
  }
  return script + std::string(kTail);
}

}  // namespace meterbill
