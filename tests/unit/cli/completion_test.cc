#include "cli/completion.h"

#include <gmock/gmock.h>

#include "cli/completion_command.h"
#include "unit/cli/terminal.h"

namespace meterbill {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

TEST(CompletionTest, PlaceholdersSayWhatIsExpected) {
  EXPECT_EQ(expected_of("agent|worker").kind, Expected::Kind::kWords);
  EXPECT_THAT(expected_of("agent|worker").words, ElementsAre("agent", "worker"));
  EXPECT_EQ(expected_of("FILE").kind, Expected::Kind::kFile);
  EXPECT_EQ(expected_of("PATH").kind, Expected::Kind::kFile);
  EXPECT_EQ(expected_of("DIR").kind, Expected::Kind::kFolder);
  EXPECT_EQ(expected_of("NAME").kind, Expected::Kind::kText);
  EXPECT_THAT(expected_of("LEVEL").words,
              ElementsAre("error", "warning", "notice", "info", "debug", "trace"));
  EXPECT_THAT(expected_of("PERIOD").words, ElementsAre("this-month", "last-month"));
}

TEST(CompletionTest, OperandsStandInTheirOrderWithoutBrackets) {
  const auto operands = operands_of({.path = {"x"}, .operands = "[agent|worker] FILE"});
  ASSERT_EQ(operands.size(), 2U);
  EXPECT_EQ(operands[0].name, "agent|worker");
  EXPECT_EQ(operands[1].name, "FILE");
  EXPECT_THAT(operands_of({.path = {"x"}}), IsEmpty());
}

TEST(CompletionTest, GroupsSayWhatFollows) {
  const auto groups = groups_of({{.path = {"go", "far"}, .summary = "Far."},
                                 {.path = {"stay"}, .summary = "Stays."},
                                 {.path = {"go", "by", "bus"}, .summary = "Bus."}});
  ASSERT_EQ(groups.size(), 3U);
  EXPECT_EQ(groups[0].path, "");
  ASSERT_EQ(groups[0].next.size(), 2U);
  EXPECT_EQ(groups[0].next[0].word, "go");
  EXPECT_EQ(groups[0].next[0].help, "far, by");
  EXPECT_EQ(groups[0].next[1].help, "Stays.");
  EXPECT_EQ(groups[1].path, "go");
  EXPECT_EQ(groups[2].path, "go by");
  EXPECT_EQ(groups[2].next[0].word, "bus");
}

TEST(CompletionTest, NothingInQuotesMeansAnything) {
  EXPECT_EQ(shell_quoted("it's $HOME"), "'it'\\''s $HOME'");
  const std::vector<Command> commands{
      {.path = {"x"},
       .summary = "It's: [so]\\.",
       .flags = {{.name = "f", .value = "V", .help = "a:b [c]'d"}}}};
  EXPECT_THAT(zsh_completion(commands), HasSubstr("'x:It'\\''s\\: \\[so\\]\\\\.'"));
  EXPECT_THAT(zsh_completion(commands), HasSubstr("'--f=[a\\:b \\[c\\]'\\''d]:V: '"));
  EXPECT_THAT(fish_completion(commands), HasSubstr("-d 'It\\'s: [so]\\\\.'"));
}

TEST(CompletionTest, TheCommandPrintsTheScriptOfAShellAndKnowsItself) {
  const Command command = completion_command({{.path = {"go"}, .summary = "Goes."}});
  TestTerminal bash;
  EXPECT_EQ(command.run({"bash"}, bash.terminal), kExitOk);
  EXPECT_THAT(bash.out.str(), HasSubstr("next='completion go help'"));
  EXPECT_THAT(bash.out.str(), HasSubstr("'completion 0') values='bash zsh fish'"));
  TestTerminal zsh;
  EXPECT_EQ(command.run({"zsh"}, zsh.terminal), kExitOk);
  EXPECT_THAT(zsh.out.str(), StartsWith("#compdef meterbill\n"));
  TestTerminal fish;
  EXPECT_EQ(command.run({"fish"}, fish.terminal), kExitOk);
  EXPECT_THAT(fish.out.str(), HasSubstr("complete -c meterbill"));
}

TEST(CompletionTest, TheCommandNamesTheShellsThereAre) {
  const Command command = completion_command({});
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{}, {"tcsh"}, {"bash", "zsh"}, {"--json"}}) {
    TestTerminal test;
    EXPECT_EQ(command.run(words, test.terminal), kExitUsage);
    EXPECT_EQ(test.out.str(), "");
  }
  TestTerminal test;
  EXPECT_EQ(command.run({"tcsh"}, test.terminal), kExitUsage);
  EXPECT_THAT(test.err.str(), HasSubstr("no completion for 'tcsh'; there is bash, zsh and fish"));
}

}  // namespace
}  // namespace meterbill
