#include "cli/operator_commands.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "cli/cli.h"
#include "cli/list_commands.h"
#include "support/temp_dir.h"
#include "unit/cli/terminal.h"

namespace meterbill {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// The commands that change something in a running service.
class OperatorCommandsTest : public testing::Test {
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
        {"http://worker", "unix:/w", "http://agent", "unix:/a", failure_, {}},
        {}};
    std::vector<Command> commands = operator_commands(access);
    for (Command& command : list_commands(access)) commands.push_back(std::move(command));
    return Cli{std::move(commands)}.run(arguments, test_.terminal);
  }

  Result<ServiceAnswer> answer_{ServiceAnswer{200, R"({"done":true})"}};
  std::optional<Error> failure_;  ///< of the worker's configuration
  std::vector<std::string> asked_;
  TestTerminal test_;
};

struct Order {
  std::vector<std::string> words;
  std::string asked;
  std::string done;
};

TEST_F(OperatorCommandsTest, EachAsksTheControlChannelOfItsService) {
  const std::vector<Order> orders{
      {{"machine", "resolve", "web-1", "--keep", "--boot", "b-1"},
       "/w/api/v1/machines/web-1/resolve?decision=keep&boot=b-1",
       "decided\n"},
      {{"machine", "resolve", "web-1", "--discard", "--boot=b-1"},
       "/w/api/v1/machines/web-1/resolve?decision=discard&boot=b-1",
       "decided\n"},
      {{"machine", "resolve", "web-1", "--rename", "web-2", "--boot=b-1"},
       "/w/api/v1/machines/web-1/resolve?decision=rename&boot=b-1&to=web-2",
       "decided\n"},
      {{"machine", "resolve", "web-1", "--sum"},
       "/w/api/v1/machines/web-1/resolve?decision=sum",
       "decided\n"},
      {{"machine", "retire", "web-1"},
       "/w/api/v1/machines/web-1/retire",
       "retired: no time is expected of it any more, what it still reports is billed; `meterbill "
       "machine retire web-1 --undo` takes it back\n"},
      {{"machine", "retire", "web-1", "--undo"},
       "/w/api/v1/machines/web-1/retire?undo=1",
       "not retired any more: its time is expected again, and missing where it did not report\n"},
      {{"quarantine", "release", "7"}, "/w/api/v1/quarantine/7/release", "released\n"},
      {{"quarantine", "discard", "7"}, "/w/api/v1/quarantine/7/discard", "discarded\n"},
      {{"kafka", "accept", "--partition", "2"}, "/w/api/v1/partitions/2/accept", "accepted\n"},
      {{"agent", "pause"},
       "/a/api/v1/pause",
       "paused until `meterbill agent resume` or the next start\n"},
      {{"agent", "resume"}, "/a/api/v1/resume", "resumed\n"}};
  for (const Order& order : orders) {
    EXPECT_EQ(run(order.words), kExitOk) << order.asked << test_.err.str();
    EXPECT_THAT(asked_, ElementsAre("POST unix:" + order.asked));
    EXPECT_EQ(test_.out.str(), order.done);
    EXPECT_EQ(test_.err.str(), "");

    std::vector<std::string> elsewhere = order.words;
    elsewhere.insert(elsewhere.end(), {"--control=/other", "--json"});
    EXPECT_EQ(run(elsewhere), kExitOk);
    EXPECT_THAT(asked_, ElementsAre("POST unix:/other" + order.asked.substr(2)));
    EXPECT_EQ(test_.out.str(), "{\"done\":true}\n");
  }
}

TEST_F(OperatorCommandsTest, ARelativeSocketIsOneOfThisFolder) {
  EXPECT_EQ(run({"agent", "pause", "--control", "w3.sock"}), kExitOk);
  const std::string here = std::filesystem::current_path().string();
  EXPECT_THAT(asked_, ElementsAre("POST unix:" + here + "/w3.sock/api/v1/pause"));
}

TEST_F(OperatorCommandsTest, AFolderThatIsGoneIsNoPlaceForARelativePath) {
  const std::filesystem::path here = std::filesystem::current_path();
  {
    const TempDir gone;
    std::filesystem::current_path(gone.path());
  }
  EXPECT_EQ(run({"agent", "pause", "--control", "w3.sock"}), kExitUsage);
  EXPECT_THAT(test_.err.str(), testing::HasSubstr("name it by its whole path"));
  std::filesystem::current_path(here);
  EXPECT_THAT(asked_, ElementsAre());
}

TEST_F(OperatorCommandsTest, ABrokenConfigurationIsShownUnlessTheSocketIsNamed) {
  failure_ = fail(Code::kConfig, "worker.conf:1: [wroker]: unknown section");
  EXPECT_EQ(run({"machine", "retire", "web-1"}), kExitConfig);
  EXPECT_EQ(test_.err.str(), "meterbill: worker.conf:1: [wroker]: unknown section\n");
  EXPECT_THAT(asked_, ElementsAre());
  EXPECT_EQ(run({"machine", "retire", "web-1", "--control=/w"}), kExitOk);
  EXPECT_EQ(run({"agent", "pause"}), kExitOk);  // whose own is right
  for (const char* command : {"machine", "quarantine"}) {
    EXPECT_EQ(run({command, "list"}), kExitConfig);
    EXPECT_THAT(asked_, ElementsAre());
    EXPECT_EQ(run({command, "list", "--server=http://lab"}), kExitOk);
  }
}

TEST_F(OperatorCommandsTest, ARefusalIsShownAndNothingIsSaidToBeDone) {
  answer_ = ServiceAnswer{409, R"({"error":"conflict","detail":"item 7 is settled"})"};
  EXPECT_EQ(run({"quarantine", "release", "7"}), kExitData);
  EXPECT_EQ(test_.out.str(), "");
  EXPECT_EQ(test_.err.str(), "meterbill: item 7 is settled\n");
}

TEST_F(OperatorCommandsTest, HalfACommandIsNotAsked) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> halves{
      {{"machine", "resolve"}, "missing: NAME"},
      {{"machine", "resolve", "web-1"}, "say one of --keep, --discard, --rename NEW and --sum"},
      {{"machine", "resolve", "web-1", "--keep", "--sum"}, "say one of --keep"},
      {{"machine", "resolve", "web-1", "--keep"}, "say which boot with --boot ID"},
      {{"machine", "resolve", "web-1", "--boot", "b1", "--sum"}, "leave out --boot"},
      {{"machine", "retire"}, "missing: NAME"},
      {{"machine", "retire", "web-1", "--undo", "--at=2026-11-22T10:00:00Z"}, "--at and --undo"},
      {{"quarantine", "release"}, "missing: ID"},
      {{"quarantine", "show"}, "missing: ID"},
      {{"kafka", "accept"}, "--partition N"}};
  for (const auto& [words, said] : halves) {
    EXPECT_EQ(run(words), kExitUsage) << said;
    EXPECT_THAT(test_.err.str(), HasSubstr(said));
    EXPECT_THAT(asked_, ElementsAre());
  }
}

TEST_F(OperatorCommandsTest, QuarantineShowPrintsTheItemWithoutSteeringTheTerminal) {
  answer_ = ServiceAnswer{200, R"({"id":7,"state":"held","reason":"future","machine":"web-1",)"
                               R"("value":"\u001b[2J\u009b\u202e","headers":)"
                               R"([{"name":"ce_id","value":"a\nb"}]})"};
  EXPECT_EQ(run({"quarantine", "show", "7"}), kExitOk);
  EXPECT_EQ(test_.out.str(),
            "id            7\n"
            "state         held\n"
            "reason        future\n"
            "machine       web-1\n"
            "value         \\x1b[2J\\u009b\\u202e\n"
            "header        ce_id: a\\x0ab\n");
}

}  // namespace
}  // namespace meterbill
