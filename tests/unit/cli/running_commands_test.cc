#include "cli/running_commands.h"

#include <gmock/gmock.h>

#include "cli/cli.h"
#include "cli/outside_view_command.h"
#include "unit/cli/terminal.h"

namespace meterbill {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class RunningCommandsTest : public testing::Test {
 protected:
  int run(const std::vector<std::string>& arguments) {
    asked_.clear();
    test_.out.str("");
    test_.err.str("");
    const ServiceAccess access{
        [this](const std::string& server, const std::string& method, const std::string& target) {
          asked_.push_back(method + " " + server + target);
          return answer_;
        },
        {"http://worker", "unix:/w", "http://agent", "unix:/a", {}, {}},
        {}};
    return Cli{running_commands(access)}.run(arguments, test_.terminal);
  }

  Result<ServiceAnswer> answer_{ServiceAnswer{
      200, R"({"taken":["agent.interval","log.level"],"needs_restart":["agent.sink"]})"}};
  std::vector<std::string> asked_;
  TestTerminal test_;
};

TEST_F(RunningCommandsTest, AReloadTellsWhatHoldsNowAndWhatLater) {
  EXPECT_EQ(run({"reload", "agent"}), kExitOk);
  EXPECT_THAT(asked_, ElementsAre("POST unix:/a/api/v1/reload"));
  EXPECT_EQ(test_.out.str(),
            "taken over: agent.interval, log.level\nafter a restart: agent.sink\n");
  EXPECT_EQ(run({"reload", "worker", "--control=/x", "--json"}), kExitOk);
  EXPECT_THAT(asked_, ElementsAre("POST unix:/x/api/v1/reload"));
  EXPECT_EQ(test_.out.str(), answer_.value().body + "\n");
  answer_.value().body = R"({"taken":[],"needs_restart":[]})";
  EXPECT_EQ(run({"reload", "agent"}), kExitOk);
  EXPECT_EQ(test_.out.str(), "nothing to take over\n");
}

TEST_F(RunningCommandsTest, ARefusedConfigurationIsAFailure) {
  answer_ = ServiceAnswer{422, R"({"error":"configuration refused","detail":"x.conf:3: bad"})"};
  EXPECT_EQ(run({"reload", "agent"}), kExitConfig);
  EXPECT_EQ(test_.err.str(), "meterbill: x.conf:3: bad\n");
  EXPECT_EQ(test_.out.str(), "");
}

TEST_F(RunningCommandsTest, TheLevelIsSetAndMistakesAreNamed) {
  EXPECT_EQ(run({"log-level", "worker", "debug"}), kExitOk);
  EXPECT_THAT(asked_, ElementsAre("POST unix:/w/api/v1/log-level?level=debug"));
  EXPECT_EQ(run({"log-level", "worker", "loud"}), kExitUsage);
  EXPECT_THAT(test_.err.str(), HasSubstr("'loud' is no level; there are error, warning"));
  EXPECT_EQ(run({"log-level", "worker"}), kExitUsage);
  EXPECT_EQ(run({"log-level"}), kExitUsage);
  EXPECT_EQ(run({"reload"}), kExitUsage);
  EXPECT_EQ(run({"reload", "both"}), kExitUsage);
  EXPECT_EQ(test_.err.str(), "meterbill: 'both' is neither agent nor worker\n");
  EXPECT_THAT(asked_, IsEmpty());
}

TEST(OutsideViewCommandTest, ItIsPrintedOrWritten) {
  TestTerminal test;
  std::string written;
  const OutsideViewParts parts{
      .look = [] { return Result<std::string>("cores=2\n"); },
      .write = [&](const std::string& path, const std::string& text) -> Result<void> {
        written = path + ": " + text;
        return ok();
      }};
  const Cli cli{{outside_view_command(parts)}};
  EXPECT_EQ(cli.run({"agent", "outside-view"}, test.terminal), kExitOk);
  EXPECT_EQ(test.out.str(), "cores=2\n");
  EXPECT_EQ(cli.run({"agent", "outside-view", "--write", "/run/v"}, test.terminal), kExitOk);
  EXPECT_EQ(written, "/run/v: cores=2\n");
  EXPECT_EQ(test.out.str(), "cores=2\n");
}

}  // namespace
}  // namespace meterbill
