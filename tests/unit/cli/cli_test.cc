#include "cli/cli.h"

#include <gtest/gtest.h>

#include "unit/cli/terminal.h"

namespace meterbill {
namespace {

using Words = std::vector<std::string>;

/// A command that prints its name and what it was given.
Command echo(const Words& path, const std::string& summary = "Says what it got.") {
  std::string name;
  for (const std::string& word : path) name += "/" + word;
  return {.path = path,
          .summary = summary,
          .run =
              [name](const Words& arguments, const Terminal& terminal) {
                terminal.out << name;
                for (const std::string& argument : arguments) terminal.out << ' ' << argument;
                return 3;
              },
          .operands = "[WHAT]",
          .flags = {{.name = "json", .help = "print JSON"},
                    {.name = "server", .value = "URL", .help = "ask this worker"}}};
}

class CliTest : public testing::Test {
 protected:
  int run(const Words& arguments) { return cli_.run(arguments, test_.terminal); }

  TestTerminal test_;
  Cli cli_{
      {echo({"bill", "show"}), echo({"bill", "compute"}), echo({"status"}), echo({"version"})}};
};

TEST_F(CliTest, TheArgumentsBehindThePathReachTheCommand) {
  EXPECT_EQ(run({"bill", "show", "--machine", "web-1", "x"}), 3);
  EXPECT_EQ(test_.out.str(), "/bill/show --machine web-1 x");
}

TEST_F(CliTest, AWordOfTheSameNameLaterIsAnArgument) {
  EXPECT_EQ(run({"status", "bill", "show"}), 3);
  EXPECT_EQ(test_.out.str(), "/status bill show");
}

TEST_F(CliTest, AnUnknownCommandNamesTheNearestAndNotTheWholeHelp) {
  EXPECT_EQ(run({"statsu"}), kExitUsage);
  EXPECT_EQ(run({"bill", "shwo", "--json"}), kExitUsage);
  EXPECT_EQ(run({"bill", "qqqqqqq"}), kExitUsage);
  EXPECT_EQ(run({"--jsn"}), kExitUsage);
  EXPECT_EQ(test_.out.str(), "");
  EXPECT_EQ(test_.err.str(),
            "meterbill: unknown command 'statsu'; did you mean `meterbill status`?\n"
            "meterbill: unknown command 'bill shwo'; did you mean `meterbill bill show`?\n"
            "meterbill: unknown command 'bill qqqqqqq'; `meterbill bill --help` lists what there "
            "is\n"
            "meterbill: unknown option '--jsn'; `meterbill --help` lists what there is\n");
}

TEST_F(CliTest, AnIncompleteCommandSaysSo) {
  EXPECT_EQ(run({}), kExitUsage);
  EXPECT_EQ(run({"bill"}), kExitUsage);
  EXPECT_EQ(test_.err.str(),
            "meterbill: no command given; `meterbill --help` lists what there is\n"
            "meterbill: bill is not complete; `meterbill bill --help` lists what there is\n");
}

TEST_F(CliTest, TheShortOptionForHelpIsUnderstood) {
  EXPECT_EQ(run({"bill", "--help"}), kExitOk);
  const std::string help = test_.out.str();
  test_.out.str("");
  EXPECT_EQ(run({"bill", "-h"}), kExitOk);
  EXPECT_EQ(test_.out.str(), help);
  EXPECT_EQ(run({"status", "--", "-h"}), 3) << "a word";
}

TEST_F(CliTest, HelpIsThereAtEveryLevelAndRunsNothing) {
  EXPECT_EQ(run({"--help"}), kExitOk);
  EXPECT_EQ(run({"help", "bill"}), kExitOk);
  EXPECT_EQ(run({"bill", "show", "x", "--help"}), kExitOk);
  EXPECT_EQ(test_.err.str(), "");
  EXPECT_EQ(test_.out.str(),
            "usage: meterbill COMMAND [--help]\n"
            "\n"
            "Shows and steers what MeterBill meters and bills.\n"
            "\n"
            "  bill show     Says what it got.\n"
            "  bill compute  Says what it got.\n"
            "  status        Says what it got.\n"
            "  version       Says what it got.\n"
            "usage: meterbill bill COMMAND [--help]\n"
            "\n"
            "  bill show     Says what it got.\n"
            "  bill compute  Says what it got.\n"
            "usage: meterbill bill show [WHAT] [--json] [--server URL]\n"
            "\n"
            "Says what it got.\n"
            "\n"
            "  --json                 print JSON\n"
            "  --server URL           ask this worker\n");
}

TEST_F(CliTest, ALongUsageIsBrokenToFitATerminal) {
  const Cli cli{{{.path = {"usage"},
                  .summary = "Shows.",
                  .run = {},
                  .operands = "",
                  .flags = {{.name = "machine", .value = "NAME", .help = ""},
                            {.name = "period", .value = "PERIOD", .help = ""},
                            {.name = "columns", .value = "TO_EIGHTY", .help = ""},
                            {.name = "json", .value = "", .help = ""}}}}};
  EXPECT_EQ(cli.run({"usage", "--help"}, test_.terminal), kExitOk);
  EXPECT_EQ(test_.out.str().substr(0, test_.out.str().find("\n\n")),
            "usage: meterbill usage [--machine NAME] [--period PERIOD] [--columns TO_EIGHTY]\n"
            "       [--json]");
}

TEST_F(CliTest, HelpForSomethingUnknownIsAnError) {
  EXPECT_EQ(run({"help", "bil"}), kExitUsage);
  EXPECT_EQ(run({"bil", "--help"}), kExitUsage);
  EXPECT_EQ(test_.out.str(), "");
}

TEST_F(CliTest, BehindTwoDashesHelpIsAWord) {
  EXPECT_EQ(run({"status", "--", "--help"}), 3);
  EXPECT_EQ(test_.out.str(), "/status -- --help");
}

TEST_F(CliTest, VersionIsAlsoAnOption) {
  EXPECT_EQ(run({"--version", "--json"}), 3);
  EXPECT_EQ(test_.out.str(), "/version --json");
}

TEST_F(CliTest, AResultThatCouldNotBeWrittenIsAFailure) {
  test_.out.setstate(std::ios::badbit);
  EXPECT_EQ(run({"status"}), kExitIo);
}

TEST(CliDeathTest, TwoCommandsCannotShareAPath) {
  EXPECT_DEATH(Cli({echo({"bill"}), echo({"bill", "show"})}), "internal error");
}

TEST(ExitCodeTest, EveryLineOfAMessageIsMarked) {
  TestTerminal test;
  EXPECT_EQ(report(fail(Code::kConfig, "a: wrong\nb: wrong"), test.terminal), kExitConfig);
  EXPECT_EQ(test.err.str(), "meterbill: a: wrong\nmeterbill: b: wrong\n");
  EXPECT_EQ(exit_code(Code::kUsage), 64);
  EXPECT_EQ(exit_code(Code::kNotFound), 66);
  EXPECT_EQ(exit_code(Code::kUnavailable), 69);
  EXPECT_EQ(exit_code(Code::kPermission), 77);
}

TEST(ReportTest, WhatAServiceSaidCannotSteerTheTerminal) {
  TestTerminal test;
  report(fail(Code::kRefused, "the sink said \x1b]0;x\a \u009b2J \xff \u202E"), test.terminal);
  EXPECT_EQ(test.err.str(), "meterbill: the sink said \\x1b]0;x\\x07 \\u009b2J \\xff \\u202e\n");
}

}  // namespace
}  // namespace meterbill
