#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/completion.h"

namespace meterbill {
namespace {

constexpr std::string_view kHead =
    R"(# Completion of meterbill for fish, made by `meterbill completion fish`.

# The words of the command that stand before the cursor, without `meterbill`.
function __meterbill_words
    set -l words (commandline -opc)
    set -e words[1]
    test "$words[1]" = help; and set -e words[1]
    string join \n -- $words
end

# Those of them that name a command, or begin to.
function __meterbill_path
    set -l path
    for word in (__meterbill_words)
        switch (string join ' ' -- $path $word)
)";

constexpr std::string_view kAfterPaths = R"(                set -a path $word
            case '*'
                break
        end
    end
    string join \n -- $path
end

function __meterbill_helps
    test (commandline -opc)[2] = help 2>/dev/null
end

# Whether the command is the one named.
function __meterbill_at -a wanted
    set -l path (__meterbill_path)
    test "$path" = "$wanted"
end

# The same, with options.
function __meterbill_takes -a wanted
    not __meterbill_helps; and __meterbill_at $wanted
end

# Whether so many operands stand behind the command named; further arguments are its options that
# take a value.
function __meterbill_operand -a wanted place
    __meterbill_takes $wanted; or return 1
    set -l valued $argv[3..-1]
    set -l path (__meterbill_path)
    set -l words (__meterbill_words)
    set -l count 0
    set -l value_follows
    for word in $words[(math (count $path) + 1)..-1]
        if set -q value_follows[1]
            set -e value_follows
        else if contains -- $word $valued
            set value_follows 1
        else if not string match -q -- '-*' $word
            set count (math $count + 1)
        end
    end
    not set -q value_follows[1]; and test $count -eq $place
end

complete -c meterbill -f
)";

std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

/// A condition of `complete`: a line of fish, itself quoted.
std::string condition(std::string_view function, std::string_view path,
                      std::string_view more = "") {
  return quoted(fmt::format("{} {}{}", function, quoted(path), more));
}

/// Which values an option or operand takes, as `complete` says it.
std::string values_of(const Expected& expected, bool of_option) {
  switch (expected.kind) {
    case Expected::Kind::kWords:
      return fmt::format(" {}-a {}", of_option ? "-x " : "",
                         quoted(fmt::format("{}", fmt::join(expected.words, " "))));
    case Expected::Kind::kFile:
      return of_option ? " -r -F" : " -F";
    case Expected::Kind::kFolder:
      return of_option ? " -x -a '(__fish_complete_directories)'"
                       : " -a '(__fish_complete_directories)'";
    case Expected::Kind::kText:
      break;
  }
  return of_option ? " -x" : "";
}

std::string group_lines(const CommandGroup& group) {
  std::string text;
  const auto add = [&](std::string_view word, std::string_view help) {
    text += fmt::format("complete -c meterbill -n {} -a {} -d {}\n",
                        condition("__meterbill_at", group.path), word, quoted(help));
  };
  for (const NextWord& next : group.next) add(next.word, next.help);
  const std::string takes = condition("__meterbill_takes", group.path);
  if (group.path.empty()) {
    text += fmt::format("complete -c meterbill -n {} -a help -d 'Says what there is'\n", takes);
    text += fmt::format("complete -c meterbill -n {} -l version -d 'print the version'\n", takes);
  }
  return text + fmt::format("complete -c meterbill -n {} -l help -d 'say what there is'\n", takes);
}

std::string command_lines(const Command& command) {
  const std::string path = path_text(command);
  const std::string takes = condition("__meterbill_takes", path);
  std::string text;
  std::string valued;
  for (const Flag& flag : command.flags) {
    if (!flag.value.empty()) valued += " --" + flag.name;
    text += fmt::format("complete -c meterbill -n {} -l {}{} -d {}\n", takes, flag.name,
                        flag.value.empty() ? "" : values_of(expected_of(flag.value), true),
                        quoted(flag.help));
  }
  text += fmt::format("complete -c meterbill -n {} -l help -d 'say how it is called'\n", takes);
  std::size_t place = 0;
  for (const Expected& operand : operands_of(command)) {
    const std::string values = values_of(operand, false);
    const std::string more = fmt::format(" {}{}", place++, valued);
    if (!values.empty())
      text +=
          fmt::format("complete -c meterbill -n {}{} -d {}\n",
                      condition("__meterbill_operand", path, more), values, quoted(operand.name));
  }
  return text;
}

}  // namespace

std::string fish_completion(const std::vector<Command>& commands) {
  std::string script{kHead};
  script += "            case";
  for (const std::string& path : paths_of(commands))
    script += " \\\n                " + quoted(path);
  script += "\n" + std::string(kAfterPaths);
  for (const CommandGroup& group : groups_of(commands)) script += group_lines(group);
  for (const Command& command : commands) script += command_lines(command);
  return script;
}

}  // namespace meterbill
