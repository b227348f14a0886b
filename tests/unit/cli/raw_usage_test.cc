#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/usage_command.h"
#include "report/evidence_page.h"
#include "support/golden.h"
#include "unit/cli/usage_command_bench.h"

namespace meterbill {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kSlot = "2026-11-22T10:15:00Z";

Reading machine_reading(std::int64_t cpu, bool is_final) {
  Reading reading;
  reading.scope = machine_scope();
  reading.cover = Cover{.from_us = 0, .to_us = 2 * cpu, .metered_us = 2 * cpu};
  reading.final = is_final;
  reading.scopes = is_final ? 1 : 0;
  reading.used[MeterName{"cpu"}] = cpu;
  reading.used[MeterName{"memory_capacity"}] = 16'777'216;
  return reading;
}

EvidenceMessage message(std::int64_t batch, std::int64_t cpu, bool is_final = false) {
  EvidenceMessage message;
  message.batch = batch;
  message.ordinal = 3;
  message.source = "kafka:4f1BgqFmRsaS0n7xQ2kPzA/resource_usage";
  message.partition = 2;
  message.offset = 1'000 + batch;
  message.recorded = parse_utc("2026-11-22T10:16:00.250Z").value();
  message.applied = parse_utc("2026-11-22T10:16:00.262114Z").value();
  message.machine = "web-1";
  message.epoch = "6f1c0000000000000000000000000001";
  message.key = shown_bytes("web-1");
  message.headers = {{shown_bytes("ce_type"), shown_bytes("io.meterbill.reading.v1")},
                     {shown_bytes("x"), shown_bytes("\x1b[2J")}};
  message.value = shown_bytes(R"({"machine_id":"web-1","epoch":"6f1c…"})");
  message.value_bytes = 41;
  message.value_sha256 = std::string(64, 'a');
  message.readings = {machine_reading(cpu, is_final)};
  return message;
}

/// Two pages; the second message says once more what the first did, the third is under another name
/// and in bytes that are no text.
std::vector<EvidencePage> slot_pages() {
  EvidencePage first{.machine = MachineId{"web-1"}, .slot = Slot::parse(kSlot).value()};
  first.messages = {message(12, 1'500'000), message(13, 1'500'000)};
  first.next = EvidenceCursor{13, 4};
  EvidencePage last{.machine = MachineId{"web-1"}, .slot = Slot::parse(kSlot).value()};
  last.messages = {message(14, 2'000'000, true)};
  last.messages[0].machine = "lab-1";
  last.messages[0].is_released = true;
  last.messages[0].value = shown_bytes("\xff\xfe");
  last.messages[0].value_bytes = 2;
  last.stored = {
      {"lab-1", "6f1c0000000000000000000000000001", "renamed", machine_reading(2'000'000, true)},
      {"web-1", "6f1c0000000000000000000000000001", "billed", machine_reading(1'500'000, false)}};
  return {first, last};
}

class RawUsageTest : public UsageCommandBench {
 protected:
  int run(std::vector<std::string> arguments) {
    targets_.clear();
    screen_.out.str("");
    screen_.err.str("");
    arguments.insert(arguments.begin(), "--raw");
    return UsageCommandBench::run(arguments);
  }
  int run() { return run({"--machine=web-1", "--slot", kSlot}); }

  void answer(const std::vector<EvidencePage>& pages) {
    answers_.clear();
    for (const EvidencePage& page : pages) answers_.push_back({200, evidence_page_json(page)});
  }
};

TEST_F(RawUsageTest, ShowsTheMessagesOfAllPagesAndThatTheyExplainTheSlot) {
  answer(slot_pages());
  EXPECT_EQ(run(), kExitOk) << screen_.err.str();
  expect_golden("tests/golden/usage_raw.txt", screen_.out.str());
  EXPECT_THAT(
      targets_,
      ElementsAre("/api/v1/evidence?machine=web-1&slot=2026-11-22T10%3A15%3A00Z",
                  "/api/v1/evidence?machine=web-1&slot=2026-11-22T10%3A15%3A00Z&next=13%2F4"));
  EXPECT_THAT(screen_.out.str(), Not(HasSubstr("\x1b")));
  EXPECT_THAT(screen_.out.str(), Not(HasSubstr("Batch 13")));
}

TEST_F(RawUsageTest, JsonHasAllOfItAndAsksForTheScope) {
  answer(slot_pages());
  EXPECT_EQ(run({"--machine=web-1", "--slot", kSlot, "--scope=machine", "--json"}), kExitOk);
  EXPECT_THAT(targets_[0], HasSubstr("&scope=machine"));
  const std::string out = screen_.out.str();
  for (const char* part :
       {R"({"machine":"web-1","slot":"2026-11-22T10:15:00Z","messages":[{"batch":12,"ordinal":3,)",
        R"("recorded":"2026-11-22T10:16:00.250000Z")", R"({"name":"x","value_base64":"G1sySg=="})",
        R"("value_base64":"//4=")", R"("grew":[{"scope":"machine","used":{"cpu":"1500000")",
        R"("stored":[{"machine":"lab-1",)", R"("forgotten_until":null)",
        R"("explained":{"verdict":"explained","totals":4,"differing":[]}})"})
    EXPECT_THAT(out, HasSubstr(part));
}

TEST_F(RawUsageTest, WhatIsNotKeptIsNamedAndAContradictionIsExit65) {
  std::vector<EvidencePage> pages = slot_pages();
  pages[1].stored[1].reading.used[MeterName{"cpu"}] = 1'500'001;
  answer(pages);
  EXPECT_EQ(run(), kExitData);
  EXPECT_THAT(screen_.out.str(), HasSubstr("Explained  3 of 4 totals of the ledger are what"));
  EXPECT_THAT(screen_.out.str(), HasSubstr("contradict"));
  EXPECT_THAT(screen_.out.str(), HasSubstr("Differing  machine cpu: the ledger has 1500001, the "
                                           "messages 1500000"));
  pages[1].forgotten = parse_utc("2026-11-22T10:20:00Z").value();
  answer(pages);
  EXPECT_EQ(run(), kExitOk);
  EXPECT_THAT(screen_.out.str(), HasSubstr("not kept any"));
  EXPECT_THAT(screen_.out.str(), HasSubstr("evidence.max_bytes"));
  for (EvidencePage& page : pages) page.messages.clear();
  pages[1].stored.clear();
  answer(pages);
  EXPECT_EQ(run(), kExitOk);
  EXPECT_THAT(screen_.out.str(), HasSubstr("the ledger has no usage of it"));
}

TEST_F(RawUsageTest, WhatCannotBeIsRefusedBeforeAnybodyIsAsked) {
  const std::vector<std::vector<std::string>> lines{
      {},
      {"--machine=web-1"},
      {"--slot", kSlot},
      {"--machine=web-1", "--slot=2026-11-22T10:16:00Z"},
      {"--machine=web-1", "--slot=10:15"},
      {"--machine=web-1", "--slot", kSlot, "--csv"},
      {"--machine=web-1", "--slot", kSlot, "--by=day"},
      {"--machine=web-1", "--slot", kSlot, "--period=2026-11"}};
  for (const auto& arguments : lines) {
    EXPECT_EQ(run(arguments), kExitUsage) << screen_.err.str();
    EXPECT_TRUE(targets_.empty());
  }
  for (const char* flag : {"--slot=2026-11-22T10:15:00Z", "--scope=machine"})
    EXPECT_EQ(usage_command({{}, {}}).run({flag}, screen_.terminal), kExitUsage);
}

TEST_F(RawUsageTest, ABrokenConnectionAndPagesInCirclesAreSaid) {
  std::vector<EvidencePage> pages = slot_pages();
  answer({pages[0]});
  EXPECT_EQ(run(), kExitUnavailable);
  EXPECT_THAT(screen_.err.str(), HasSubstr("what is printed ends after 1 messages and is not all"));
  answer({pages[0], pages[0], pages[0]});
  EXPECT_EQ(run(), kExitUnavailable);
  EXPECT_EQ(targets_.size(), 2U);
}

TEST_F(RawUsageTest, AnswersOfOthersAreNamed) {
  for (const char* name : {"machine", "slot", "messages", "batch", "offset", "recorded", "released",
                           "key", "headers", "value", "value_sha256", "readings", "scope", "used",
                           "final", "stored", "standing", "forgotten_until", "next"}) {
    std::vector<EvidencePage> pages = slot_pages();
    pages[1].messages = {message(15, 2)};
    std::string body = evidence_page_json(pages[1]);
    body.replace(body.find(std::string("\"") + name + "\":"), 2, "\"x");  // under another name
    answers_ = {{200, body}};
    EXPECT_EQ(run(), kExitUnavailable) << name;
    EXPECT_THAT(screen_.err.str(), HasSubstr(std::string("'") + name)) << name;
  }
}

}  // namespace
}  // namespace meterbill
