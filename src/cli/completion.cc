#include "cli/completion.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <set>

#include "base/log.h"

namespace meterbill {
namespace {

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    if (end > 0) parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

}  // namespace

std::vector<std::string> choices_of(std::string_view placeholder) {
  if (placeholder.find('|') == std::string_view::npos) return {};
  return split(placeholder, '|');
}

Expected expected_of(std::string_view placeholder) {
  using Kind = Expected::Kind;
  const std::string name{placeholder};
  if (auto choices = choices_of(placeholder); !choices.empty())
    return {name, Kind::kWords, std::move(choices)};
  if (placeholder == "FILE" || placeholder == "PATH") return {name, Kind::kFile, {}};
  if (placeholder == "DIR") return {name, Kind::kFolder, {}};
  if (placeholder == "LEVEL")
    return {name, Kind::kWords, {kLogLevelNames.begin(), kLogLevelNames.end()}};
  if (placeholder == "PERIOD") return {name, Kind::kWords, {"this-month", "last-month"}};
  return {name, Kind::kText, {}};
}

std::vector<Expected> operands_of(const Command& command) {
  std::vector<Expected> operands;
  for (std::string word : split(command.operands, ' ')) {
    if (word.starts_with('[') && word.ends_with(']')) word = word.substr(1, word.size() - 2);
    operands.push_back(expected_of(word));
  }
  return operands;
}

std::string path_text(const Command& command) {
  return fmt::format("{}", fmt::join(command.path, " "));
}

std::vector<CommandGroup> groups_of(const std::vector<Command>& commands) {
  // Beginning → next word → what it leads to: a summary, or the words that follow.
  std::map<std::string, std::map<std::string, std::string>> groups;
  for (const Command& command : commands) {
    std::string path;
    for (std::size_t i = 0; i < command.path.size(); ++i) {
      const std::string& word = command.path[i];
      std::string& help = groups[path][word];
      if (i + 1 == command.path.size())
        help = command.summary;
      else
        help += (help.empty() ? "" : ", ") + command.path[i + 1];
      path += (path.empty() ? "" : " ") + word;
    }
  }
  std::vector<CommandGroup> result;
  for (const auto& [path, words] : groups) {
    CommandGroup& group = result.emplace_back(CommandGroup{path, {}});
    for (const auto& [word, help] : words) group.next.push_back({word, help});
  }
  return result;
}

std::vector<std::string> paths_of(const std::vector<Command>& commands) {
  std::set<std::string> paths;
  for (const CommandGroup& group : groups_of(commands))
    if (!group.path.empty()) paths.insert(group.path);
  for (const Command& command : commands) paths.insert(path_text(command));
  return {paths.begin(), paths.end()};
}

std::string shell_quoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace meterbill
