#include "cli/send_command.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "cli/cli.h"
#include "unit/cli/terminal.h"

namespace meterbill {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

/// An agent that comes to an end with what it is asked for after so many looks.
class SendCommandTest : public testing::Test {
 protected:
  int run(std::vector<std::string> arguments) {
    asked_.clear();
    test_.out.str("");
    test_.err.str("");
    looks_ = 0;
    waited_ = {};
    number_ = 0;
    arguments.insert(arguments.begin(), {"agent", "send"});
    const ServiceAccess access{
        [this](const std::string& server, const std::string& method, const std::string& target) {
          EXPECT_EQ(server, "unix:/a");
          asked_ += method + " " + target + "\n";
          if (method == "POST") return posted();
          return Result<ServiceAnswer>(ServiceAnswer{200, status()});
        },
        {"", "", "", "unix:/a", {}, {}},
        {}};
    const auto wait = [this](std::chrono::milliseconds time) {
      waited_ += time;
      return is_interrupted_;
    };
    return Cli{{send_command(access, wait)}}.run(arguments, test_.terminal);
  }

  Result<ServiceAnswer> posted() {
    if (!refusal_.empty()) return ServiceAnswer{409, refusal_};
    number_ = 4;
    return ServiceAnswer{200,
                         is_old_ ? R"({"done":true})" : R"({"done":true,"rows":1,"number":4})"};
  }
  std::string status() {
    const bool has_ended = number_ > 0 && ++looks_ > looks_needed_;
    return fmt::format(
        R"({{"spool":{{"waiting":{},"set_aside":{}}},"sending":{{"sink":"http://sink",)"
        R"("paused":{},"outage":{},)"
        R"("next_try":{},"sends_answered":{}}}}})",
        waiting_, has_ended ? aside_after_ : 0, is_paused_,
        has_ended ? outage_after_ : outage_before_, has_ended ? next_after_ : "null",
        has_ended ? 4 : 3);
  }

  static constexpr const char* kOutage =
      R"({"since":"2026-11-22T10:00:00.25Z","lasted_s":720,"detail":"connect: refused"})";
  std::string outage_before_ = "null";
  std::string outage_after_ = "null";
  std::string next_after_ = "null";
  std::string refusal_;
  std::int64_t waiting_ = 0;
  std::int64_t aside_after_ = 0;
  bool is_paused_ = false;
  bool is_old_ = false;
  int looks_needed_ = 2;
  bool is_interrupted_ = false;
  std::chrono::milliseconds waited_{0};
  std::int64_t number_ = 0;
  int looks_ = 0;
  std::string asked_;
  TestTerminal test_;
};

TEST_F(SendCommandTest, WhatIsRefusedForGoodIsNotSent) {
  aside_after_ = 1;
  EXPECT_EQ(run({}), kExitUnavailable);
  EXPECT_EQ(test_.out.str(), "");
  EXPECT_THAT(test_.err.str(), HasSubstr("1 reading refused for good and set aside"));
  EXPECT_EQ(run({"--again", "--json"}), kExitUnavailable);
  EXPECT_THAT(test_.out.str(), StartsWith("{\"done\":false,"));
}

TEST_F(SendCommandTest, AnAgentThatDoesNotTellIsNotSaidToHaveSent) {
  is_old_ = true;
  EXPECT_EQ(run({}), kExitOk);
  EXPECT_THAT(test_.out.str(), StartsWith("sending; this agent is of an older version"));
}

TEST_F(SendCommandTest, APauseEndsTheWait) {
  looks_needed_ = 1'000'000;
  is_paused_ = true;
  EXPECT_EQ(run({}), kExitTemporary);
  EXPECT_EQ(waited_, std::chrono::milliseconds(0));
  EXPECT_THAT(test_.err.str(), HasSubstr("sending was paused meanwhile"));
}

TEST_F(SendCommandTest, ItWaitsForTheEndAndSaysSo) {
  EXPECT_EQ(run({}), kExitOk) << test_.err.str();
  EXPECT_EQ(test_.out.str(), "sent; nothing is waiting\n");
  EXPECT_EQ(test_.err.str(), "");
  EXPECT_THAT(asked_, HasSubstr("POST /api/v1/send\n"));
  EXPECT_EQ(looks_, 3);
  waiting_ = 1;
  EXPECT_EQ(run({"--json"}), kExitOk);
  EXPECT_EQ(test_.out.str(), "{\"done\":true,\"rows\":1,\"waiting\":1}\n");
}

TEST_F(SendCommandTest, AgainSaysHowMuch) {
  waiting_ = 2;
  EXPECT_EQ(run({"--again"}), kExitOk) << test_.err.str();
  EXPECT_THAT(asked_, HasSubstr("POST /api/v1/send?again=1\n"));
  EXPECT_EQ(test_.out.str(), "1 reading marked to be sent again\nsent; 2 readings are waiting\n");
}

TEST_F(SendCommandTest, ASinkThatIsStillAwayIsAFailure) {
  outage_before_ = outage_after_ = kOutage;
  next_after_ = R"("2026-11-22T10:12:34.75Z")";
  waiting_ = 7;
  EXPECT_EQ(run({}), kExitUnavailable);
  EXPECT_EQ(test_.out.str(), "");
  EXPECT_EQ(test_.err.str(),
            "http://sink has taken nothing since 2026-11-22T10:00:00Z (12 min): connect: refused\n"
            "7 readings kept; trying now\n"
            "meterbill: not sent: connect: refused; 7 readings kept, next try "
            "2026-11-22T10:12:34Z\n");
  EXPECT_EQ(run({"--json"}), kExitUnavailable);
  EXPECT_THAT(test_.out.str(), StartsWith(R"({"done":false,"rows":1,"waiting":7,"detail":"conn)"));
}

TEST_F(SendCommandTest, ASinkThatIsBackIsNone) {
  outage_before_ = kOutage;
  EXPECT_EQ(run({}), kExitOk);
  EXPECT_THAT(test_.err.str(), HasSubstr("; trying now\n"));
  EXPECT_EQ(test_.out.str(), "sent; nothing is waiting\n");
}

TEST_F(SendCommandTest, ASpoolThatCannotBeReadIsAFailureToo) {
  next_after_ = R"("2026-11-22T10:12:34Z")";
  EXPECT_EQ(run({}), kExitUnavailable);
  EXPECT_THAT(test_.err.str(), HasSubstr("not sent: the spool cannot be read"));
}

TEST_F(SendCommandTest, TheWaitIsBounded) {
  looks_needed_ = 1'000'000;
  EXPECT_EQ(run({}), kExitTemporary);
  EXPECT_EQ(waited_, kSendWaitMax);
  EXPECT_THAT(test_.err.str(), HasSubstr("`meterbill status` says how it is"));
  EXPECT_EQ(test_.out.str(), "");
  is_interrupted_ = true;
  EXPECT_EQ(run({}), kExitTemporary);
  EXPECT_LT(waited_, std::chrono::seconds(1));
}

TEST_F(SendCommandTest, ARefusalIsShown) {
  refusal_ = R"({"error":"paused","detail":"sending is paused"})";
  EXPECT_EQ(run({}), kExitData);
  EXPECT_EQ(test_.err.str(), "meterbill: sending is paused\n");
}

}  // namespace
}  // namespace meterbill
