#include "cli/start_program.h"

#include <gtest/gtest.h>

#include "config/print.h"
#include "unit/cli/terminal.h"

namespace meterbill {
namespace {

class StartProgramTest : public testing::Test {
 protected:
  /// The exit code, or -1 when the program may go on.
  int start(const std::vector<std::string>& arguments) {
    auto result = start_program(agent_options(), arguments, {}, {}, {}, test_.terminal);
    if (const int* code = std::get_if<int>(&result)) return *code;
    started_.emplace(std::get<StartedProgram>(std::move(result)));
    return -1;
  }

  TestTerminal test_;
  std::optional<StartedProgram> started_;
};

TEST_F(StartProgramTest, SettingsOfTheCommandLineHoldAndAreKeptForAReload) {
  EXPECT_EQ(start({"--agent.interval=1s"}), -1);
  EXPECT_EQ(started_->settings.at("agent.interval").shown, "1s");
  const auto again = load_settings(agent_options(), started_->request);
  EXPECT_EQ(again.value().at("agent.interval").shown, "1s");
  EXPECT_EQ(test_.out.str() + test_.err.str(), "");
}

TEST_F(StartProgramTest, HelpAndVersionAreAnsweredOnStandardOutput) {
  EXPECT_EQ(start({"--help"}), kExitOk);
  EXPECT_EQ(test_.out.str(), print_help(agent_options()));
  EXPECT_EQ(start({"--version"}), kExitOk);
  EXPECT_NE(test_.out.str().find("\nmeterbill-agent 0."), std::string::npos);
  EXPECT_EQ(test_.err.str(), "");
}

TEST_F(StartProgramTest, FailuresHaveTheirExitCodes) {
  EXPECT_EQ(start({"--agent.intervall=1s"}), kExitUsage);
  EXPECT_EQ(start({"--agent.interval=1"}), kExitUsage);
  EXPECT_EQ(start({"--config=/nonexistent/x.conf"}), kExitNoInput);
  EXPECT_TRUE(test_.err.str().starts_with("meterbill-agent: unknown option")) << test_.err.str();
  EXPECT_EQ(test_.out.str(), "");
}

}  // namespace
}  // namespace meterbill
