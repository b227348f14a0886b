#include <gmock/gmock.h>

#include <map>

#include "cli/bill_show.h"
#include "cli/cli.h"
#include "cli/list_commands.h"
#include "cli/operator_commands.h"
#include "cli/usage_command.h"
#include "report/usage_page.h"
#include "unit/cli/terminal.h"

namespace meterbill {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Outcome {
  int exit = 0;
  std::string out;
  std::string err;
};

/// The commands that ask a service, and what they ask.
class ServiceCommandsTest : public testing::Test {
 protected:
  Outcome run(const std::vector<std::string>& arguments) {
    asked_.clear();
    const ServiceAccess access{
        [this](const std::string& server, const std::string& method, const std::string& target) {
          asked_.push_back(method + " " + server + target);
          return answer_of(server);
        },
        addresses_,
        [this](const LedgerChoice& ledger, const std::string& target) {
          asked_.push_back(ledger.path + " " + ledger.prices.value_or("(configured)") + " " +
                           target);
          return answer_of(ledger.path);
        }};
    std::vector<Command> commands = list_commands(access);
    commands.push_back(usage_command(access));
    commands.push_back(bill_show_command(access));
    for (Command& command : operator_commands(access)) commands.push_back(std::move(command));
    TestTerminal terminal;
    const int exit = Cli{std::move(commands)}.run(arguments, terminal.terminal);
    return {exit, terminal.out.str(), terminal.err.str()};
  }

  ServiceAddresses addresses_{.worker = "http://worker",
                              .worker_control = "unix:control",
                              .agent = "http://agent",
                              .agent_control = "unix:agent"};

  Result<ServiceAnswer> answer_of(const std::string& whom) const {
    const auto found = answers_.find(whom);
    if (found == answers_.end()) return fail(Code::kUnavailable, whom + ": nobody there");
    return found->second;
  }

  /// Nothing at all, to whatever was asked.
  static ServiceAnswer nothing() {
    return {200, usage_page_json({.by = UsageBy::kDay, .period = "2026-11"})};
  }

  std::map<std::string, Result<ServiceAnswer>> answers_{
      {"http://worker", nothing()}, {"http://lab", nothing()}, {"l.db", nothing()}};
  std::vector<std::string> asked_;
};

TEST_F(ServiceCommandsTest, EachReadingCommandAsksWhomTheFlagsSay) {
  const std::map<std::vector<std::string>, std::string> commands{
      {{"usage"}, "/api/v1/usage"},
      {{"bill", "show", "--machine", "a b"}, "/api/v1/bill?machine=a%20b&format=text"},
      {{"quarantine", "list"}, "/api/v1/quarantine"},
      {{"quarantine", "list", "--machine", "web-1"}, "/api/v1/quarantine?machine=web-1"},
      {{"quarantine", "show", "7"}, "/api/v1/quarantine/7"},
      {{"machine", "list"}, "/api/v1/machines"},
      {{"machine", "list", "--machine", "web-1"}, "/api/v1/machines/web-1"}};
  for (const auto& [words, target] : commands) {
    const auto with = [&words = words](std::vector<std::string> more) {
      more.insert(more.begin(), words.begin(), words.end());
      return more;
    };
    EXPECT_EQ(run(words).exit, kExitOk);
    EXPECT_THAT(asked_, ElementsAre("GET http://worker" + target));
    EXPECT_EQ(run(with({"--server", "http://lab"})).exit, kExitOk);
    EXPECT_THAT(asked_, ElementsAre("GET http://lab" + target));
    EXPECT_EQ(run(with({"--ledger", "l.db"})).exit, kExitOk);
    EXPECT_THAT(asked_, ElementsAre("l.db (configured) " + target));
    EXPECT_EQ(run(with({"--ledger=l.db", "--prices=p.toml"})).exit, kExitOk);
    EXPECT_THAT(asked_, ElementsAre("l.db p.toml " + target));

    const Outcome both = run(with({"--ledger=l.db", "--server=http://lab"}));
    EXPECT_EQ(both.exit, kExitUsage);
    EXPECT_THAT(both.err, HasSubstr("give one of them"));
    const Outcome prices = run(with({"--prices=p.toml"}));
    EXPECT_EQ(prices.exit, kExitUsage);
    EXPECT_THAT(prices.err, HasSubstr("--prices goes with --ledger"));
    EXPECT_THAT(asked_, ElementsAre());
  }
}

TEST_F(ServiceCommandsTest, ARefusalIsShownWithItsExitCode) {
  const std::map<unsigned, int> codes{{400, kExitUsage},       {403, kExitPermission},
                                      {404, kExitNoInput},     {409, kExitData},
                                      {503, kExitUnavailable}, {507, kExitIo}};
  for (const auto& [status, exit] : codes) {
    answers_.at("http://worker") = ServiceAnswer{status, R"({"error":"e","detail":"what it is"})"};
    for (const char* format : {"--json", "--csv"}) {
      const Outcome outcome = run({"usage", format});
      EXPECT_EQ(outcome.exit, exit) << status;
      EXPECT_EQ(outcome.out, "");
      EXPECT_EQ(outcome.err, "meterbill: what it is\n");
    }
  }
  answers_.at("http://worker") = ServiceAnswer{500, R"({"error":"damaged","detail":"a page"})"};
  EXPECT_EQ(run({"usage"}).exit, kExitData);
  answers_.at("http://worker") = ServiceAnswer{502, "<html>"};
  EXPECT_EQ(run({"usage"}).err, "meterbill: the service answered 502: is it MeterBill?\n");
  answers_.at("http://worker") = ServiceAnswer{200, "<html>"};
  for (const char* format : {"--json", "--server=http://worker"}) {
    const Outcome outcome = run({"machine", "list", format});
    EXPECT_EQ(outcome.exit, kExitUnavailable);
    EXPECT_EQ(outcome.out, "");
  }
}

constexpr const char* kWorkerStatus =
    R"({"ready":true,"version":"0.1.0","now":"2026-11-22T10:00:00Z","sources":[],"counts":{}})";
constexpr const char* kAgentStatus =
    R"({"ready":true,"version":"0.1.0","machine_id":"web-1","metering":{"state":"metered"}})";

TEST_F(ServiceCommandsTest, NoTextOfAServerSteersTheTerminal) {
  const std::string hostile = "Machine \x1b[2J\a \x7f \xc2\x9b \xe2\x80\xae \xff\rend\n\tsecond\n";
  answers_.at("http://worker") = ServiceAnswer{200, hostile};
  EXPECT_EQ(run({"bill", "show"}).out,
            "Machine \\x1b[2J\\x07 \\x7f \\u009b \\u202e \\xff\\x0dend\n\\x09second\n");
  EXPECT_EQ(run({"bill", "show", "--csv"}).out, hostile);
}

TEST_F(ServiceCommandsTest, APeriodThatIsNoneIsToldBeforeAnybodyIsAsked) {
  for (const char* command : {"bill", "usage"}) {
    std::vector<std::string> words{command, "--period=foo"};
    if (words.front() == "bill") words.insert(words.begin() + 1, "show");
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.exit, kExitUsage);
    EXPECT_THAT(outcome.err, HasSubstr("--period: not a period: 'foo'; write a month"));
    EXPECT_THAT(asked_, IsEmpty());
  }
}

TEST_F(ServiceCommandsTest, StatusEndsWith69WhenAServiceAskedForIsAway) {
  answers_.at("http://worker") = ServiceAnswer{200, kWorkerStatus};
  const Outcome text = run({"status"});
  EXPECT_EQ(text.exit, kExitUnavailable);
  EXPECT_THAT(text.out, HasSubstr("worker   ready   0.1.0   http://worker\n"));
  EXPECT_EQ(
      text.err,
      "meterbill: http://agent: nobody there (the address is that of http.listen in agent.conf: a "
      "changed one holds after a restart); `systemctl status meterbill-agent` says whether "
      "it runs here, --agent asks another\n");
  const Outcome json = run({"status", "--json"});
  EXPECT_EQ(json.exit, kExitUnavailable);
  EXPECT_EQ(json.out, std::string("{\"worker\":") + kWorkerStatus + ",\"agent\":null}\n");
  EXPECT_EQ(run({"status", "--server=http://worker"}).exit, kExitOk);
  EXPECT_THAT(asked_, ElementsAre("GET http://worker/api/v1/status"));

  answers_.emplace("http://agent", ServiceAnswer{200, kAgentStatus});
  EXPECT_EQ(run({"status"}).exit, kExitOk);
  EXPECT_EQ(run({"status", "--agent=http://agent"}).exit, kExitOk);
  EXPECT_THAT(asked_, ElementsAre("GET http://agent/api/v1/status"));
}

TEST_F(ServiceCommandsTest, StatusAsksOfTwoServicesTheOneThatIsInstalled) {
  answers_.at("http://worker") = ServiceAnswer{200, kWorkerStatus};
  addresses_.agent_is_here = false;
  EXPECT_EQ(run({"status"}).exit, kExitOk);
  EXPECT_THAT(asked_, ElementsAre("GET http://worker/api/v1/status"));
  answers_.emplace("http://agent", ServiceAnswer{200, kAgentStatus});
  std::swap(addresses_.agent_is_here, addresses_.worker_is_here);
  EXPECT_EQ(run({"status"}).exit, kExitOk);
  EXPECT_THAT(asked_, ElementsAre("GET http://agent/api/v1/status"));
  EXPECT_EQ(run({"status", "--server=http://worker"}).exit, kExitOk);
  EXPECT_THAT(asked_, ElementsAre("GET http://worker/api/v1/status"));
  // The command alone: it cannot know.
  addresses_.agent_is_here = false;
  run({"status"});
  EXPECT_THAT(asked_, testing::SizeIs(2));
}

TEST(AnswerMaxTest, AReloadMaySumALargeLedgerAnewAndNothingElseTakesLong) {
  EXPECT_EQ(answer_max("/api/v1/reload"), kReloadMax);
  EXPECT_EQ(answer_max("/api/v1/status"), kAnswerMax);
  EXPECT_GT(kReloadMax, 10 * kAnswerMax);
}

TEST_F(ServiceCommandsTest, StatusEndsWith75WhenAServiceIsNotReady) {
  answers_.at("http://worker") = ServiceAnswer{200, kWorkerStatus};
  answers_.emplace("http://agent",
                   ServiceAnswer{200, R"({"ready":false,"reason":"the spool is full; free space",)"
                                      R"("machine_id":"web-1","metering":{}})"});
  const Outcome outcome = run({"status"});
  EXPECT_EQ(outcome.exit, kExitTemporary);
  EXPECT_THAT(outcome.out, HasSubstr("\n  why     the spool is full; free space\n"));
  // Its worker is known to be stopped.
  answers_.at("l.db") =
      ServiceAnswer{200, R"({"ready":false,"reason":"stopped","sources":[],"counts":{}})"};
  EXPECT_EQ(run({"status", "--ledger=l.db"}).exit, kExitOk);
}

TEST_F(ServiceCommandsTest, StatusNamesWhatAnswersInPlaceOfTheService) {
  answers_.emplace("http://agent", ServiceAnswer{200, kAgentStatus});
  const std::map<std::string, std::string> others{
      {kAgentStatus, "http://lab is an agent, not a worker: ask it with --agent"},
      {"<html>", "http://lab answers, but not as a MeterBill worker: is the address right?"},
      {R"({"status":"ok"})",
       "http://lab answers, but not as a MeterBill worker: is the address right?"}};
  for (const auto& [body, said] : others) {
    answers_.at("http://lab") = ServiceAnswer{200, body};
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"status", "--server=http://lab"},
          std::vector<std::string>{"status", "--server=http://lab", "--json"}}) {
      const Outcome outcome = run(words);
      EXPECT_EQ(outcome.exit, kExitUnavailable);
      EXPECT_EQ(outcome.out, "");
      EXPECT_THAT(outcome.err, HasSubstr(said));
    }
  }
  answers_.at("http://lab") = ServiceAnswer{200, kWorkerStatus};
  EXPECT_THAT(run({"status", "--agent=http://lab"}).err,
              HasSubstr("http://lab is a worker, not an agent: ask it with --server"));
}

TEST_F(ServiceCommandsTest, AnAddressThatIsNoneIsAMistakeOnTheCommandLine) {
  answers_.emplace("nonsense", fail(Code::kConfig, "nonsense: http://HOST:PORT is needed"));
  const std::vector<std::vector<std::string>> commands{{"usage", "--server=nonsense"},
                                                       {"machine", "list", "--server=nonsense"},
                                                       {"status", "--server=nonsense"}};
  for (const auto& words : commands) {
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.exit, kExitUsage);
    EXPECT_EQ(outcome.err, "meterbill: --server: nonsense: http://HOST:PORT is needed\n");
  }
  EXPECT_EQ(run({"status", "--agent=nonsense"}).err,
            "meterbill: --agent: nonsense: http://HOST:PORT is needed\n");
}

TEST_F(ServiceCommandsTest, StatusOfALedgerThatCannotBeReadIsAFailure) {
  answers_.at("l.db") = fail(Code::kConflict, "l.db is in use");
  answers_.emplace("http://agent", ServiceAnswer{200, "{}"});
  const Outcome outcome = run({"status", "--ledger=l.db"});
  EXPECT_EQ(outcome.exit, kExitTemporary);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err, "meterbill: l.db is in use\n");
}

TEST_F(ServiceCommandsTest, ARefusedStatusIsNoStatus) {
  answers_.at("http://worker") = ServiceAnswer{403, R"({"error":"e","detail":"not this host"})"};
  const Outcome outcome = run({"status", "--json", "--server=http://worker"});
  EXPECT_EQ(outcome.exit, kExitPermission);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err, "meterbill: not this host\n");
}

TEST_F(ServiceCommandsTest, WhatCannotBeANameOrNumberIsNotAskedFor) {
  const std::map<std::vector<std::string>, std::string> commands{
      {{"machine", "list", "--machine", "../x"}, "'../x' is no machine name"},
      {{"machine", "retire", "-rf"}, "unknown option -rf"},
      {{"machine", "retire", "a/b"}, "'a/b' is no machine name"},
      {{"machine", "resolve", "a b", "--sum"}, "'a b' is no machine name"},
      {{"quarantine", "show", "../1"}, "'../1' is no number"},
      {{"quarantine", "list", "--before", "x"}, "--before: 'x' is no number"},
      {{"quarantine", "release", "all"}, "'all' is no number"},
      {{"quarantine", "discard", ""}, "an argument is empty"},
      {{"kafka", "accept", "--partition", "1/../2"}, "--partition: '1/../2' is no number"}};
  for (const auto& [words, said] : commands) {
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.exit, kExitUsage) << said;
    EXPECT_THAT(outcome.err, HasSubstr(said));
    EXPECT_THAT(asked_, ElementsAre());
  }
}

TEST_F(ServiceCommandsTest, RetireNamesATimeThatIsNone) {
  answers_.emplace("unix:control", ServiceAnswer{200, R"({"done":true})"});
  EXPECT_THAT(run({"machine", "retire", "web-1", "--at", "2026-11-22T11:00:00+01:00"}).out,
              testing::StartsWith("retired: "));
  EXPECT_THAT(asked_, ElementsAre("POST unix:control/api/v1/machines/web-1/retire"
                                  "?at=2026-11-22T11%3A00%3A00%2B01%3A00"));
  const Outcome outcome = run({"machine", "retire", "web-1", "--at", "tomorrow"});
  EXPECT_EQ(outcome.exit, kExitUsage);
  EXPECT_THAT(outcome.err, HasSubstr("--at: 'tomorrow' is no time; write one like 2026-"));
  EXPECT_THAT(asked_, ElementsAre());
}

}  // namespace
}  // namespace meterbill
