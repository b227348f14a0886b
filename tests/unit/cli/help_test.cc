// What the program itself prints, as a user runs it.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>

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

}  // namespace
}  // namespace meterbill
