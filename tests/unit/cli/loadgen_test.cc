#include "cli/loadgen.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "support/fake_sink.h"
#include "support/manual_clock.h"
#include "support/temp_dir.h"
#include "terminal.h"

namespace meterbill {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kEmptyLedger =
    R"({"machines":0,"sources":[{"name":"http","ledger_name":"http"}]})";
constexpr const char* kTopicLedger =
    R"({"machines":0,"sources":[{"name":"kafka","ledger_name":"kafka:abc/resource_usage"}]})";

/// `loadgen` against a sink and workers that answer what a test says.
class LoadgenTest : public testing::Test {
 protected:
  int run(std::vector<std::string> words) {
    opened_ = "";
    words.insert(words.end(), {"--agents", "2", "--seconds", "2", "--seed", "1"});
    LoadgenParts parts{
        .clock = clock_,
        .context = {},
        .access = {[this](const std::string& server, const std::string&,
                          const std::string& target) -> Result<ServiceAnswer> {
                     const auto found = answers_.find(server + target);
                     if (found == answers_.end())
                       return fail(Code::kUnavailable, server + ": nobody there");
                     return ServiceAnswer{200, found->second};
                   },
                   {"http://here:1", "", "", ""}},
        .open_sink = [this](const AgentConfig& config) -> Result<std::unique_ptr<Sink>> {
          const auto* kafka = std::get_if<KafkaUrl>(&config.sink);
          opened_ = kafka != nullptr ? to_text(*kafka) : to_text(std::get<HttpUrl>(config.sink));
          auto sink = std::make_unique<FakeSink>();
          sink->answer = [this](const OutgoingMessage&) { return FakeSink::report(fate_, "away"); };
          return std::unique_ptr<Sink>(std::move(sink));
        },
        .wait =
            [this](std::chrono::milliseconds time) {
              clock_.advance(time.count() * 1'000);
              return false;
            },
        .random = [] { return std::uint64_t{1}; }};
    parts.context.host_name = "test";
    parts.context.folder = "/nowhere";
    terminal_.out.str("");
    terminal_.err.str("");
    return loadgen_command(std::move(parts)).run(words, terminal_.terminal);
  }

  ManualClock clock_{{.utc = {1'795'341'600'000'000}, .monotonic_us = 0, .boot_us = 0}};
  std::map<std::string, std::string> answers_;
  Fate fate_ = Fate::kDelivered;
  std::string opened_;
  TestTerminal terminal_;
};

TEST_F(LoadgenTest, AnEmptyLedgerIsTakenWithALoudWordAndTheResultTold) {
  answers_["http://w:1/api/v1/status"] = kEmptyLedger;
  EXPECT_EQ(run({"--sink", "http://w:1"}), kExitOk);
  EXPECT_EQ(opened_, "http://w:1");
  EXPECT_EQ(terminal_.err.str(),
            "loadgen  loadgen-000001 to loadgen-000002 will be in the ledger behind\n"
            "         fake://sink and on its bills, as if they were there.\n"
            "         A ledger forgets no machine: make one for the trial and delete it\n"
            "         afterwards. In one that stays, `meterbill machine retire NAME` ends\n"
            "         what is expected of each of them; what it used stays billed.\n");
  EXPECT_EQ(terminal_.out.str(),
            "machines      2: loadgen-000001 to loadgen-000002, 0 parts each, seed 1\n"
            "sent          4 messages of 4 that were due\n"
            "acknowledged  4\n"
            "failed        0\n"
            "rate          2 messages/s in 2.0 s\n"
            "delay         p50 0 ms, p99 0 ms, from the tick to the answer\n");
}

TEST_F(LoadgenTest, JsonHasTheSame) {
  answers_["http://w:1/api/v1/status"] = kEmptyLedger;
  EXPECT_EQ(run({"--sink", "http://w:1", "--json"}), kExitOk);
  EXPECT_EQ(terminal_.out.str(),
            R"({"agents":2,"first_machine":"loadgen-000001","last_machine":"loadgen-000002",)"
            R"("scopes":0,"seed":"1","interval_us":1000000,"due":4,"sent":4,"acknowledged":4,)"
            R"("failed":0,"quarantined":0,"took_us":2000000,"acknowledged_per_s":2,)"
            R"("delay_p50_ms":0,"delay_p99_ms":0,"unconfirmed_machines":0,"interrupted":false})"
            "\n");
}

struct RefusedCase {
  const char* name;
  std::vector<std::string> words;
  std::map<std::string, std::string> answers;
  int exit;
  const char* why;
};
void PrintTo(const RefusedCase& row, std::ostream* out) { *out << row.name; }

class RefusedLoadTest : public LoadgenTest, public testing::WithParamInterface<RefusedCase> {};

TEST_P(RefusedLoadTest, NothingIsSentUnlessItIsForced) {
  const RefusedCase& row = GetParam();
  answers_ = row.answers;
  EXPECT_EQ(run(row.words), row.exit);
  EXPECT_EQ(opened_, "");
  EXPECT_THAT(terminal_.out.str(), IsEmpty());
  EXPECT_THAT(terminal_.err.str(), HasSubstr(row.why));
  EXPECT_THAT(terminal_.err.str(), HasSubstr("--force"));
  std::vector<std::string> forced = row.words;
  forced.emplace_back("--force");
  EXPECT_EQ(run(forced), kExitOk);
  EXPECT_NE(opened_, "");
}

INSTANTIATE_TEST_SUITE_P(
    Ledgers, RefusedLoadTest,
    testing::Values(
        RefusedCase{"OtherMachines",
                    {"--sink", "http://w:1"},
                    {{"http://w:1/api/v1/status", R"({"machines":2,"sources":[]})"},
                     {"http://w:1/api/v1/machines",
                      R"({"machines":[{"machine":"loadgen-000001"},{"machine":"web-1"}]})"}},
                    kExitData,
                    "has other machines (web-1)"},
        RefusedCase{"NobodyThere", {"--sink", "http://w:1"}, {}, kExitUnavailable, "nobody there"},
        RefusedCase{"NoWorkerKnown",
                    {"--sink", "kafka://k:9092/resource_usage"},
                    {},
                    kExitUnavailable,
                    "http://here:1: nobody there"},
        RefusedCase{"AnotherTopic",
                    {"--sink", "kafka://k:9092/trial"},
                    {{"http://here:1/api/v1/status", kTopicLedger}},
                    kExitData,
                    "does not read topic trial"}),
    [](const auto& row) { return row.param.name; });

TEST_F(LoadgenTest, TheWorkerBehindATopicIsThisMachinesOrTheOneNamed) {
  answers_["http://here:1/api/v1/status"] = kTopicLedger;
  EXPECT_EQ(run({"--sink", "kafka://k:9092/resource_usage"}), kExitOk);
  EXPECT_EQ(opened_, "kafka://k:9092/resource_usage");
  answers_.clear();
  answers_["http://lab:2/api/v1/status"] = kTopicLedger;
  EXPECT_EQ(run({"--sink", "kafka://k:9092/resource_usage", "--server", "http://lab:2"}), kExitOk);
}

TEST_F(LoadgenTest, ItsOwnMachinesAreNoOthers) {
  answers_["http://w:1/api/v1/status"] = R"({"machines":1,"sources":[]})";
  answers_["http://w:1/api/v1/machines"] = R"({"machines":[{"machine":"loadgen-000077"}]})";
  EXPECT_EQ(run({"--sink", "http://w:1"}), kExitOk);
}

TEST_F(LoadgenTest, TotalsAreWrittenAsUsageShowsThem) {
  const TempDir folder;
  const std::string path = (folder.path() / "totals.csv").string();
  EXPECT_EQ(run({"--sink", "http://w:1", "--force", "--totals", path}), kExitOk);
  std::ifstream file(path);
  std::string first, second;
  std::getline(file, first);
  std::getline(file, second);
  EXPECT_EQ(first, "machine,scope,labels,slot,meter,quantity,unit\r");
  EXPECT_THAT(second, testing::StartsWith("loadgen-000001,machine,made_by=loadgen,"));
  EXPECT_EQ(run({"--sink", "http://w:1", "--force", "--totals", "/nowhere/t"}), kExitCannotCreate);
  EXPECT_EQ(opened_, "");
}

TEST_F(LoadgenTest, WhatWasNotAcknowledgedIsAFailure) {
  fate_ = Fate::kLater;
  EXPECT_EQ(run({"--sink", "http://w:1", "--force"}), kExitUnavailable);
  EXPECT_THAT(terminal_.err.str(),
              HasSubstr("2 machines have a last reading that was not acknowledged: away"));
}

TEST_F(LoadgenTest, WrongWordsAreNamed) {
  const std::vector<std::pair<std::vector<std::string>, const char*>> wrong{
      {{}, "missing: --sink"},
      {{"--sink", "ftp://w"}, "agent.sink"},
      {{"--sink", "http://w:1", "--scopes", "1000"}, "--scopes is a whole number from 0 to 999"},
      {{"--sink", "http://w:1", "--prefix", "-a"}, "--prefix begins a machine's name"},
      {{"--sink", "http://w:1", "--interval", "10ms"}, "agent.interval"}};
  for (const auto& [words, why] : wrong) {
    EXPECT_NE(run(words), kExitOk);
    EXPECT_EQ(opened_, "");
    EXPECT_THAT(terminal_.err.str(), HasSubstr(why));
  }
}

}  // namespace
}  // namespace meterbill
