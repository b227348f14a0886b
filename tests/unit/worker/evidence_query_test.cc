// From a slot back to the messages that made it, and whether they explain what the ledger holds.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "report/slot_evidence.h"
#include "support/worker_bench.h"

namespace meterbill {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kSlot = "2026-11-22T10:15:00Z";
constexpr const char* kEarlier = "2026-11-22T10:00:00Z";

std::string plain_digest(std::string_view text) {
  return std::string("digest of ") + std::to_string(text.size());
}

/// All pages of a slot, and what they come to.
struct Walk {
  std::vector<EvidenceMessage> messages;
  std::vector<std::vector<Growth>> growth;
  EvidencePage last;
  EvidenceVerdict verdict;
  std::size_t pages = 0;
};

Walk walk_back(WorkerBench& bench, const std::string& machine, const char* slot = kSlot,
               const std::string& scope = "", std::size_t bytes_max = 1 << 20) {
  Queries::EvidenceRequest request{
      .machine = MachineId{machine}, .slot = Slot::parse(slot).value(), .bytes_max = bytes_max};
  if (!scope.empty()) request.scope = ScopeName{scope};
  Walk walk;
  SlotEvidence evidence;
  do {
    walk.last = bench.queries.evidence(bench.ledger, request, plain_digest).value();
    if (++walk.pages > 1'000) {
      ADD_FAILURE() << "pages without end";
      break;
    }
    for (const EvidenceMessage& message : walk.last.messages) {
      auto growth = evidence.add(message).value();
      if (is_empty(growth)) continue;
      walk.growth.push_back(std::move(growth));
      walk.messages.push_back(message);
    }
    request.from = walk.last.next.value_or(EvidenceCursor{});
  } while (walk.last.next);
  walk.verdict = evidence.compare(walk.last);
  return walk;
}

/// "machine +10" for each reading, of cpu in seconds.
std::vector<std::string> grown(const Walk& walk) {
  std::vector<std::string> lines;
  for (const auto& message : walk.growth)
    for (const Growth& growth : message) {
      const auto cpu = growth.used.find(MeterName{"cpu"});
      lines.push_back(growth.scope.str() + " +" +
                      std::to_string(cpu == growth.used.end() ? 0 : cpu->second / 1'000'000));
    }
  return lines;
}

std::vector<std::string> values(const Walk& walk) {
  std::vector<std::string> texts;
  for (const EvidenceMessage& message : walk.messages) texts.push_back(message.value.text);
  return texts;
}

std::string event(const std::string& id, const std::string& quantity, const char* time = kSlot) {
  return R"({"specversion":"1.0","type":"io.meterbill.usage.v1","source":"urn:app","id":")" + id +
         R"(","subject":"web-1","time":")" + time +
         R"(","data":{"scope":"user:anna","meter":"frames","quantity":")" + quantity +
         R"(","unit":"unit"}})";
}

TEST(EvidenceQueryTest, TheMessagesOfASlotAreThoseThatMadeItGrowInOrder) {
  WorkerBench bench;
  bench.put_http(message_of({.cpu_s = 10}));
  bench.settle();
  bench.put_http(message_of({.cpu_s = 10}));                      // repeated
  bench.put_http(message_of({.machine = "web-2", .cpu_s = 99}));  // another machine
  bench.put_http(message_of({.slot = kEarlier, .cpu_s = 5}));     // another slot
  bench.put_kafka(message_of({.seconds = 90, .cpu_s = 30}));
  bench.put_kafka("nonsense");
  bench.settle();
  const Walk walk = walk_back(bench, "web-1");
  ASSERT_EQ(walk.messages.size(), 2U);
  EXPECT_THAT(grown(walk), ElementsAre("machine +10", "machine +20"));
  const EvidenceMessage& second = walk.messages[1];
  EXPECT_EQ(second.source, "kafka:test/resource_usage");
  EXPECT_EQ(second.offset, 0);
  EXPECT_EQ(second.value.text, message_of({.seconds = 90, .cpu_s = 30}).value);
  EXPECT_EQ(second.value_bytes, static_cast<std::int64_t>(second.value.text.size()));
  EXPECT_EQ(second.value_sha256, plain_digest(second.value.text));
  EXPECT_EQ(second.applied, bench.clock.now().utc);
  EXPECT_EQ(second.epoch, "00000000000000000000000000000001");
  EXPECT_EQ(walk.messages[0].source, "http");
  EXPECT_EQ(walk.verdict.explained, Explained::kWhole);
  EXPECT_EQ(walk.verdict.totals, 3) << "cpu, cpu_capacity, uptime";
  EXPECT_THAT(walk_back(bench, "web-1", kEarlier).messages, testing::SizeIs(1));
  EXPECT_THAT(walk_back(bench, "web-1", "2026-11-22T10:30:00Z").messages, IsEmpty());
}

TEST(EvidenceQueryTest, WhatAMessageSaysOnceMoreMadeNothing) {
  WorkerBench bench;
  bench.put_http(message_of({.scopes_cpu_s = {{"service:a", 1}}}));
  bench.put_http(message_of({.scopes_cpu_s = {{"service:a", 2}}}));
  bench.put_http(message_of({.scopes_cpu_s = {{"service:a", 2}, {"service:b", 0}}}));
  bench.settle();
  const Walk walk = walk_back(bench, "web-1");
  EXPECT_THAT(grown(walk), ElementsAre("machine +10", "service:a +1", "machine +0", "service:a +1",
                                       "machine +0", "service:a +0", "service:b +0"));
  EXPECT_TRUE(walk.growth[1][0].is_empty());
  EXPECT_TRUE(walk.growth[2][2].is_first) << "a scope that used nothing yet is one";
  const Walk one = walk_back(bench, "web-1", kSlot, "service:a");
  EXPECT_THAT(grown(one), ElementsAre("service:a +1", "service:a +1"));
}

TEST(EvidenceQueryTest, OfReadingsInAnyOrderTheGreatestCounts) {
  WorkerBench bench;
  bench.put_kafka(message_of({.seconds = 90, .cpu_s = 30}));
  bench.put_kafka(message_of({.seconds = 60, .cpu_s = 10, .scopes_cpu_s = {{"service:a", 1}}}));
  bench.put_kafka(message_of({.seconds = 70, .cpu_s = 20, .scopes_cpu_s = {{"service:a", 2}}}));
  bench.settle();
  const Walk walk = walk_back(bench, "web-1");
  EXPECT_THAT(grown(walk), ElementsAre("machine +30", "machine +0", "service:a +1", "machine +0",
                                       "service:a +1"));
  EXPECT_EQ(walk.verdict.explained, Explained::kWhole);
}

TEST(EvidenceQueryTest, AMachinesNameMayStandEscapedInItsMessage) {
  WorkerBench bench;
  bench.put_kafka(R"({"machine_id": "w\u0065b-1", "cpu_usage": 12.3, "memory_usage": 61.2})");
  bench.settle();
  EXPECT_EQ(walk_back(bench, "web-1").messages.size(), 1U);
}

TEST(EvidenceQueryTest, TheAddressIsThatOfTheLedger) {
  WorkerBench bench;
  bench.put_http(message_of({.machine = "web-2"}));
  bench.put_http(message_of({.cpu_s = 10}));
  bench.settle();
  const Walk walk = walk_back(bench, "web-1");
  ASSERT_EQ(walk.messages.size(), 1U);
  EXPECT_EQ(walk.messages[0].batch, bench.worker->status().commits);
  EXPECT_EQ(walk.messages[0].ordinal, 1);
}

TEST(EvidenceQueryTest, SamplesAndUsageEventsAddUp) {
  WorkerBench bench;
  bench.put_kafka(R"({"machine_id": "web-1", "cpu_usage": 12.3, "memory_usage": 61.2})");
  bench.put_kafka(R"({"machine_id": "web-1", "cpu_usage": 1, "memory_usage": 2})");
  bench.put_kafka(event("job-1", "1.5"));
  bench.settle();
  bench.put_kafka(event("job-1", "1.5"));  // known
  bench.put_kafka(event("job-2", "2"));
  bench.put_kafka(event("job-3", "4", kEarlier));
  bench.settle();
  const Walk walk = walk_back(bench, "web-1");
  ASSERT_EQ(walk.messages.size(), 4U);
  EXPECT_EQ(walk.messages[0].epoch, "samples");
  EXPECT_EQ(walk.messages[2].epoch, "events");
  EXPECT_EQ(walk.growth[3][0].used.at(MeterName{"frames"}), 2'000'000'000);
  EXPECT_EQ(walk.verdict.explained, Explained::kWhole);
  EXPECT_EQ(walk.verdict.totals, 3) << "cpu_usage, memory_usage, frames";
}

TEST(EvidenceQueryTest, AReadingRefusedInAMessageIsNotTakenForApplied) {
  WorkerBench bench;
  // The machine's reading is implausible, the part's is applied.
  bench.put_http(message_of({.cpu_s = 900'000, .scopes_cpu_s = {{"service:a", 5}}}));
  bench.settle();
  ASSERT_THAT(bench.reasons(), ElementsAre("implausible"));
  Walk walk = walk_back(bench, "web-1");
  EXPECT_THAT(grown(walk), ElementsAre("service:a +5"));
  EXPECT_EQ(walk.verdict.explained, Explained::kWhole);
  // On the operator's word it is.
  ASSERT_TRUE(bench.release(1));
  walk = walk_back(bench, "web-1");
  EXPECT_THAT(grown(walk), ElementsAre("service:a +5", "machine +900000"));
  EXPECT_FALSE(walk.messages[0].is_released);
  EXPECT_TRUE(walk.messages[1].is_released);
  EXPECT_EQ(walk.verdict.explained, Explained::kWhole);
}

TEST(EvidenceQueryTest, AReleaseOfOneReadingIsNoReleaseOfTheOthers) {
  WorkerBench bench;
  ReadingSpec spec{.slot = "2026-11-22T10:45:00Z", .cpu_s = 3, .scopes_cpu_s = {{"service:a", 2}}};
  bench.put_http(message_of(spec));  // both too early
  bench.settle();
  ASSERT_THAT(bench.reasons(), ElementsAre("future", "future"));
  bench.clock.advance(std::int64_t{3'600} * 1'000'000);
  ASSERT_TRUE(bench.release(1));
  ReadingSpec later{.slot = spec.slot, .cpu_s = 4, .scopes_cpu_s = {{"service:a", 1}}};
  bench.put_http(message_of(later));
  bench.settle();
  const Walk walk = walk_back(bench, "web-1", "2026-11-22T10:45:00Z");
  EXPECT_THAT(grown(walk), ElementsAre("machine +3", "machine +1", "service:a +1"));
  EXPECT_EQ(walk.verdict.explained, Explained::kWhole);
}

TEST(EvidenceQueryTest, AScopeThatFoundNoRoomIsNotTakenForApplied) {
  WorkerBench bench;
  ReadingSpec spec;
  for (std::size_t i = 0; i < kScopesMax - 1; ++i)
    spec.scopes_cpu_s.emplace_back("service:" + std::to_string(i), 0);
  for (int part = 0; part < 2; ++part) {
    ReadingSpec half = spec;
    half.scopes_cpu_s.assign(spec.scopes_cpu_s.begin() + part * 500L,
                             part == 0 ? spec.scopes_cpu_s.begin() + 500 : spec.scopes_cpu_s.end());
    bench.put_http(message_of(half));
  }
  bench.put_http(message_of({.seconds = 61, .scopes_cpu_s = {{"service:one-too-many", 7}}}));
  bench.settle();
  ASSERT_THAT(bench.reasons(), ElementsAre("too_many"));
  const Walk walk = walk_back(bench, "web-1");
  EXPECT_EQ(walk.growth.back().size(), 1U) << "only the machine's reading of it";
  EXPECT_EQ(walk.verdict.explained, Explained::kWhole);
}

TEST(EvidenceQueryTest, ARenamedBootLeadsToTheMessagesUnderItsOldName) {
  WorkerBench bench;
  bench.put_http(message_of({.machine = "old-1", .cpu_s = 10}));
  bench.put_http(message_of(
      {.machine = "old-1", .epoch = std::string(32, '2'), .boot = "boot-b", .cpu_s = 7}));
  bench.settle();
  ASSERT_TRUE(bench.resolve("old-1", "boot-a", Decision::kRename, "new-1"));
  const Walk renamed = walk_back(bench, "new-1");
  ASSERT_EQ(renamed.messages.size(), 1U);
  EXPECT_EQ(renamed.messages[0].machine, "old-1");
  EXPECT_THAT(grown(renamed), ElementsAre("machine +10"));
  EXPECT_EQ(renamed.verdict.explained, Explained::kWhole);
  ASSERT_EQ(renamed.last.stored.size(), 1U);
  EXPECT_EQ(renamed.last.stored[0].standing, "renamed");
  const Walk stayed = walk_back(bench, "old-1");
  EXPECT_THAT(grown(stayed), ElementsAre("machine +7"));
  EXPECT_EQ(stayed.verdict.explained, Explained::kWhole);
}

TEST(EvidenceQueryTest, HeldUsageIsShownAsHeld) {
  WorkerBench bench;
  bench.put_http(message_of({.seconds = 890}));
  bench.put_http(message_of({.epoch = std::string(32, '2'), .boot = "boot-b", .seconds = 890}));
  bench.settle();
  const Walk walk = walk_back(bench, "web-1");
  ASSERT_EQ(walk.last.stored.size(), 2U);
  EXPECT_EQ(walk.last.stored[0].standing, "held");
  EXPECT_EQ(walk.verdict.explained, Explained::kWhole);
}

TEST(EvidenceQueryTest, OneScopeIsWalkedBackByItself) {
  WorkerBench bench;
  bench.put_http(message_of({.scopes_cpu_s = {{"service:a", 1}, {"service:b", 2}}}));
  bench.settle();
  bench.put_http(message_of({.seconds = 70, .scopes_cpu_s = {{"service:b", 3}}}));
  bench.settle();
  const Walk walk = walk_back(bench, "web-1", kSlot, "service:b");
  EXPECT_THAT(grown(walk), ElementsAre("service:b +2", "service:b +1"));
  EXPECT_EQ(walk.verdict.totals, 1);
  EXPECT_EQ(walk.verdict.explained, Explained::kWhole);
  EXPECT_THAT(walk_back(bench, "web-1", kSlot, "service:a").messages, testing::SizeIs(1));
}

TEST(EvidenceQueryTest, WhereverPagesAreCutTheMessagesAreTheSame) {
  WorkerBench bench;
  for (int i = 1; i <= 40; ++i) {
    bench.put_http(message_of({.seconds = i, .cpu_s = i, .scopes_cpu_s = {{"service:a", i}}}));
    bench.put_http(message_of({.machine = "web-2", .cpu_s = i}));
    if (i % 7 == 0) bench.settle();
  }
  bench.settle();
  const Walk whole = walk_back(bench, "web-1");
  EXPECT_EQ(whole.pages, 1U);
  ASSERT_EQ(whole.messages.size(), 40U);
  for (const std::size_t bytes : {1U, 3'000U, 10'000U}) {
    const Walk pieces = walk_back(bench, "web-1", kSlot, "", bytes);
    EXPECT_EQ(values(pieces), values(whole)) << bytes;
    EXPECT_GT(pieces.pages, 5U);
    EXPECT_EQ(pieces.verdict.explained, Explained::kWhole);
  }
}

TEST(EvidenceQueryTest, WhatIsForgottenIsSaidAndNeverTakenForExplained) {
  WorkerBench bench;
  bench.put_http(message_of({.cpu_s = 10, .scopes_cpu_s = {{"service:a", 5}}}));
  bench.settle();
  const UtcTime first = bench.clock.now().utc;
  bench.clock.advance(std::int64_t{20} * 86'400 * 1'000'000);
  bench.put_http(message_of({.seconds = 70, .cpu_s = 20}));  // much later, as after an outage
  bench.settle();
  EXPECT_EQ(walk_back(bench, "web-1").verdict.explained, Explained::kWhole);
  bench.clock.advance(std::int64_t{16} * 86'400 * 1'000'000);
  ASSERT_TRUE(bench.ledger.maintain(bench.clock.now().utc));
  const Walk walk = walk_back(bench, "web-1");
  EXPECT_EQ(walk.messages.size(), 1U);
  EXPECT_EQ(walk.last.forgotten, first);
  EXPECT_EQ(walk.verdict.explained, Explained::kNotKept);
  ASSERT_EQ(walk.verdict.differing.size(), 1U) << "the part; the machine's newest says all";
  EXPECT_EQ(walk.verdict.differing[0].scope.str(), "service:a");
  EXPECT_EQ(walk.verdict.differing[0].stored, 5'000'000);
  EXPECT_EQ(walk.verdict.differing[0].kept, 0);
}

EvidencePage page_of(std::int64_t stored, std::optional<UtcTime> forgotten) {
  Reading reading;
  reading.scope = machine_scope();
  reading.used[MeterName{"cpu"}] = stored;
  return {.machine = MachineId{"web-1"},
          .slot = Slot::parse(kSlot).value(),
          .stored = {{"web-1", "e", "billed", reading}},
          .forgotten = forgotten};
}

TEST(SlotEvidenceTest, ALedgerThatKeptMessagesContradictIsSaidToDiffer) {
  EvidenceMessage message{.machine = "web-1", .epoch = "e"};
  message.readings = {page_of(10, std::nullopt).stored[0].reading};
  SlotEvidence evidence;
  ASSERT_TRUE(evidence.add(message));
  const UtcTime start = Slot::parse(kSlot).value().start();
  const UtcTime before{start.us - 3'600'000'000};
  struct Case {
    std::int64_t stored;
    std::optional<UtcTime> forgotten;
    Explained explained;
  };
  const Case cases[] = {
      {10, std::nullopt, Explained::kWhole},   {10, start, Explained::kWhole},
      {11, std::nullopt, Explained::kDiffers}, {11, before, Explained::kDiffers},
      {11, start, Explained::kNotKept},        {9, std::nullopt, Explained::kDiffers},
      {9, start, Explained::kDiffers}};
  for (const Case& of : cases)
    EXPECT_EQ(evidence.compare(page_of(of.stored, of.forgotten)).explained, of.explained)
        << of.stored << " " << of.forgotten.has_value();
}

TEST(EvidenceQueryTest, OfNoMachineThereIsNone) {
  WorkerBench bench;
  const auto page = bench.queries.evidence(
      bench.ledger, {.machine = MachineId{"nobody"}, .slot = Slot::parse(kSlot).value()},
      plain_digest);
  EXPECT_EQ(page.error().code, Code::kNotFound);
}

TEST(EvidenceQueryTest, TheRouteGivesThePageAndRefusesWhatCannotBe) {
  WorkerBench bench;
  bench.put_http(message_of({.cpu_s = 10}));
  bench.settle();
  Router router(ledger_routes(bench.api_parts(bench.ledger)));
  const auto get = [&](std::multimap<std::string, std::string, std::less<>> query) {
    WebRequest request;
    request.method = "GET";
    request.path = "/api/v1/evidence";
    request.query = std::move(query);
    WebResponse answer;
    router.handle(request, [&](const WebResponse& response) { answer = response; });
    return answer;
  };
  const WebResponse page = get({{"machine", "web-1"}, {"slot", kSlot}});
  EXPECT_EQ(page.status, 200U);
  for (const char* part :
       {R"("machine":"web-1","slot":"2026-11-22T10:15:00Z","messages":[{"batch":)",
        R"("source":"http","partition":0,"offset":0,)", R"("value":"{\"specversion\")",
        R"("used":{"cpu":"10000000",)", R"("standing":"billed")",
        R"("forgotten_until":null,"next":null})"})
    EXPECT_THAT(page.body, HasSubstr(part));
  EXPECT_EQ(get({{"machine", "web-1"}}).status, 400U);
  EXPECT_EQ(get({{"slot", kSlot}}).status, 400U);
  EXPECT_EQ(get({{"machine", "web-1"}, {"slot", "2026-11-22T10:16:00Z"}}).status, 400U);
  EXPECT_EQ(get({{"machine", "web-1"}, {"slot", kSlot}, {"next", "x"}}).status, 400U);
  EXPECT_EQ(get({{"machine", "web-1"}, {"slot", kSlot}, {"by", "day"}}).status, 400U);
  EXPECT_EQ(get({{"machine", "web-9"}, {"slot", kSlot}}).status, 404U);
}

}  // namespace
}  // namespace meterbill
