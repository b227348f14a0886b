// What the program itself prints, as a user runs it.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <sstream>
#include <string>
#include <vector>

#include "support/golden.h"

namespace meterbill {
namespace {

std::string output_of(const std::string& arguments) {
  const std::string command = std::string(METERBILL_COMMAND) + " " + arguments;
  std::FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return "(could not be run)";
  std::string text;
  std::array<char, 4096> buffer{};
  while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), pipe))
    text.append(buffer.data(), got);
  EXPECT_EQ(pclose(pipe), 0) << arguments;
  return text;
}

TEST(HelpTest, OfTheCommand) { expect_golden("tests/golden/help.txt", output_of("--help")); }

TEST(HelpTest, OfTheConfigCommands) {
  expect_golden("tests/golden/help_config.txt",
                output_of("config --help") + "\n" + output_of("config check --help") + "\n" +
                    output_of("config show --help") + "\n" + output_of("config default --help"));
}

/// Those that `meterbill --help` lists, as it lists them.
std::vector<std::string> commands() {
  std::istringstream lines(output_of("--help"));
  std::vector<std::string> found;
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("  ") && line[2] != ' ')
      found.push_back(line.substr(2, line.find("  ", 2) - 2));
  return found;
}

TEST(HelpTest, OfEveryOtherCommand) {
  std::string text;
  for (const std::string& command : commands())
    if (!command.starts_with("config")) text += output_of(command + " --help") + "\n";
  expect_golden("tests/golden/help_commands.txt", text);
}

TEST(HelpTest, FitsATerminal) {
  for (const std::string& command : commands()) {
    std::istringstream lines(output_of(command + " --help"));
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80U) << line;
  }
}

}  // namespace
}  // namespace meterbill
