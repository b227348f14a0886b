#include "cli/cli.h"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>
#include <set>

#include "base/assert.h"
#include "config/nearest.h"
#include "report/text_table.h"

namespace meterbill {
namespace {

using Words = std::vector<std::string>;

bool begins_with(const Words& words, const Words& start) {
  return words.size() >= start.size() && std::equal(start.begin(), start.end(), words.begin());
}

std::string joined(const Words& words) { return fmt::format("{}", fmt::join(words, " ")); }

/// The arguments before the first option: where a command's name can be.
Words leading_words(const Words& arguments) {
  const auto end =
      std::ranges::find_if(arguments, [](const std::string& a) { return a.starts_with('-'); });
  return {arguments.begin(), end};
}

bool asks_for_help(const Words& arguments) {
  const auto end = std::ranges::find(arguments, "--");
  return std::find_if(arguments.begin(), end, [](const std::string& word) {
           return word == "--help" || word == "-h";
         }) != end;
}

/// The line that says how a command is called, broken so that it fits a terminal.
std::string usage_of(const Command& command) {
  constexpr std::size_t kColumns = 80;
  std::string text;
  std::string line = "usage: meterbill " + joined(command.path);
  const auto add = [&](const std::string& part) {
    if (line.size() + 1 + part.size() > kColumns) {
      text += line + "\n";
      line = std::string(std::string_view("usage:").size(), ' ');
    }
    line += " " + part;
  };
  if (!command.operands.empty()) add(command.operands);
  for (const Flag& flag : command.flags)
    add(fmt::format("[--{}{}{}]", flag.name, flag.value.empty() ? "" : " ", flag.value));
  return text + line + "\n";
}

std::string command_help(const Command& command) {
  std::string text = usage_of(command) + "\n" + command.summary + "\n";
  if (!command.flags.empty()) text += "\n";
  for (const Flag& flag : command.flags) {
    const std::string name =
        fmt::format("--{}{}{}", flag.name, flag.value.empty() ? "" : " ", flag.value);
    text += labelled_parts(fmt::format("  {:<22} ", name), 25, {flag.help});
  }
  return text;
}

}  // namespace

Cli::Cli(std::vector<Command> commands) : commands_(std::move(commands)) {
  for (const Command& a : commands_)
    for (const Command& b : commands_) MB_ASSERT(&a == &b || !begins_with(a.path, b.path));
}

int Cli::run(const Words& arguments, const Terminal& terminal) const {
  const int code = dispatch(arguments, terminal);
  terminal.out.flush();
  if (terminal.out.good()) return code;
  return report(fail(Code::kIo, "the output could not be written"), terminal);
}

int Cli::dispatch(Words arguments, const Terminal& terminal) const {
  if (!arguments.empty() && arguments.front() == "--version") arguments.front() = "version";
  const Words words = leading_words(arguments);
  if (!words.empty() && words.front() == "help")
    return help({words.begin() + 1, words.end()}, terminal);
  const Command* command = find(words);
  if (asks_for_help(arguments)) return help(command == nullptr ? words : command->path, terminal);
  if (command == nullptr) return unknown(arguments, terminal);
  const auto path_length = static_cast<std::ptrdiff_t>(command->path.size());
  return command->run({arguments.begin() + path_length, arguments.end()}, terminal);
}

const Command* Cli::find(const Words& words) const {
  const Command* best = nullptr;
  for (const Command& command : commands_)
    if (begins_with(words, command.path) &&
        (best == nullptr || command.path.size() > best->path.size()))
      best = &command;
  return best;
}

/// Names how far the words lead, and what could come next.
int Cli::unknown(const Words& arguments, const Terminal& terminal) const {
  Words group;
  std::vector<std::string> next;
  for (const std::string& word : arguments) {
    group.push_back(word);
    if (std::ranges::none_of(commands_,
                             [&](const Command& c) { return begins_with(c.path, group); })) {
      group.pop_back();
      break;
    }
  }
  for (const Command& command : commands_)
    if (begins_with(command.path, group) &&
        std::ranges::find(next, command.path[group.size()]) == next.end())
      next.push_back(command.path[group.size()]);

  const std::string prefix = group.empty() ? "" : joined(group) + " ";
  if (group.size() == arguments.size()) {
    const std::string what =
        group.empty() ? "no command given" : joined(group) + " is not complete";
    return report(fail(Code::kUsage,
                       fmt::format("{}; `meterbill {}--help` lists what there is", what, prefix)),
                  terminal);
  }
  const std::string& wrong = arguments[group.size()];
  const std::string near = nearest(wrong, next);
  const std::string hint = near.empty()
                               ? fmt::format("`meterbill {}--help` lists what there is", prefix)
                               : fmt::format("did you mean `meterbill {}{}`?", prefix, near);
  const std::string kind = wrong.starts_with('-') ? "option" : "command";
  return report(fail(Code::kUsage, fmt::format("unknown {} '{}{}'; {}", kind, prefix, wrong, hint)),
                terminal);
}

int Cli::help(const Words& path, const Terminal& terminal) const {
  if (const Command* command = find(path)) {
    terminal.out << command_help(*command);
    return kExitOk;
  }
  const bool is_group =
      std::ranges::any_of(commands_, [&](const Command& c) { return begins_with(c.path, path); });
  if (!is_group) return unknown(path, terminal);
  terminal.out << group_help(path);
  return kExitOk;
}

std::string Cli::group_help(const Words& path) const {
  std::size_t width = 0;
  for (const Command& command : commands_)
    if (begins_with(command.path, path)) width = std::max(width, joined(command.path).size());
  std::string text = fmt::format("usage: meterbill {}{}COMMAND [--help]\n\n", joined(path),
                                 path.empty() ? "" : " ");
  if (path.empty()) text += "Shows and steers what MeterBill meters and bills.\n\n";
  for (const Command& command : commands_)
    if (begins_with(command.path, path))
      text += labelled_parts(fmt::format("  {:<{}}  ", joined(command.path), width), width + 4,
                             {command.summary});
  return text;
}

}  // namespace meterbill
