#include "worker/worker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/evidence_items.h"
#include "support/worker_bench.h"

namespace meterbill {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kSample =
    R"({"machine_id": "Machine_B", "cpu_usage": 12.3, "memory_usage": 61.2})";

ReadingSpec clone_of(ReadingSpec spec) {
  spec.epoch = "00000000000000000000000000000002";
  return spec;
}

TEST(WorkerTest, APrototypeSampleCostsExactlyWhatItsTariffSays) {
  WorkerBench bench;
  bench.put_kafka(std::string(kSample));
  bench.settle();
  EXPECT_EQ(bench.cost("Machine_B"), "1.227");
  for (int i = 0; i < 999; ++i) bench.put_kafka(std::string(kSample));
  bench.settle();
  EXPECT_EQ(bench.cost("Machine_B"), "1227");
  EXPECT_EQ(bench.counts(), (Counts{1'000, 0, 0}));
}

TEST(WorkerTest, RecordsBelowThePositionAreNotAppliedTwice) {
  WorkerBench first;
  for (int i = 0; i < 3; ++i) first.put_kafka(std::string(kSample));
  first.settle();
  WorkerBench second(first.ledger.state());
  for (int i = 0; i < 4; ++i) second.put_kafka(std::string(kSample));  // read again from offset 0
  second.settle();
  ASSERT_EQ(second.kafka.started.size(), 1U);
  EXPECT_EQ(second.kafka.started[0].next_offset, 3);
  EXPECT_EQ(second.cost("Machine_B"), "4.908");
  EXPECT_EQ(second.counts(), (Counts{4, 0, 0}));
}

TEST(WorkerTest, ASmallerTotalThanBeforeCountsAsRepeated) {
  WorkerBench bench;
  ReadingSpec spec;
  bench.put_http(message_of(spec));
  spec.cpu_s = 5;
  spec.seconds = 30;
  bench.put_http(message_of(spec));
  bench.settle();
  EXPECT_EQ(bench.counts(), (Counts{1, 1, 0}));
  EXPECT_EQ(bench.cost("web-1"), "10");
}

TEST(WorkerTest, ARequestIsAnsweredOnlyAfterItsCommit) {
  WorkerBench bench;
  bench.settle();
  bench.put_http(message_of({}));
  bench.ledger.fail_next(CommitFault::kDiskFull);
  ASSERT_TRUE(bench.worker->step());
  EXPECT_TRUE(bench.http.answers.empty());
  ASSERT_EQ(bench.http.rejections.size(), 1U);
  EXPECT_FALSE(bench.worker->status().ready);
  EXPECT_THAT(bench.worker->status().reason, HasSubstr("disk full"));
  bench.settle();
  EXPECT_TRUE(bench.http.answers.empty()) << "not before the time to try again";
  bench.clock.advance(1'000'000);
  bench.settle();
  ASSERT_EQ(bench.http.answers.size(), 1U);
  EXPECT_EQ(bench.http.answers[0].second, (Counts{1, 0, 0}));
  EXPECT_TRUE(bench.worker->status().ready);
  EXPECT_EQ(bench.cost("web-1"), "10");
}

TEST(WorkerTest, AFullDiskAtTheStartIsWaitedOut) {
  WorkerBench bench;
  bench.ledger.fail_next(CommitFault::kDiskFull);
  bench.settle();
  EXPECT_THAT(bench.worker->status().reason, HasSubstr("free space"));
  EXPECT_EQ(bench.http.rejections.size(), 1U) << "also told to a source that was not claimed yet";
  bench.put_http(message_of({}));
  bench.clock.advance(1'000'000);
  bench.settle();
  EXPECT_TRUE(bench.worker->status().ready);
  EXPECT_EQ(bench.cost("web-1"), "10");
}

TEST(WorkerTest, HousekeepingIsDoneUnderLoadThatNeverEnds) {
  WorkerBench bench;
  bench.put_kafka(std::string(kSample));
  bench.settle();
  const std::int64_t batch = bench.worker->status().commits;
  ASSERT_EQ(evidence_items(bench.ledger, batch).value().size(), 1U);
  bench.clock.advance(std::int64_t{40} * 86'400 * 1'000'000);
  bench.put_kafka(std::string(kSample));
  ASSERT_TRUE(bench.worker->step().value());
  const auto forgotten = evidence_items(bench.ledger, batch);
  EXPECT_TRUE(!forgotten || forgotten.value().empty());
}

TEST(WorkerTest, AnotherCauseThatTheLedgerIsNotWrittenForIsToldToo) {
  WorkerBench bench;
  bench.settle();
  std::vector<std::string> told;
  for (const CommitFault fault : {CommitFault::kUnknownLost, CommitFault::kDiskFull}) {
    bench.ledger.fail_next(fault);
    bench.put_kafka(std::string(kSample));
    bench.settle();
    told.push_back("not since " + to_string(bench.clock.now().utc));
    bench.clock.advance(1'000'000);
    bench.settle();
    ASSERT_TRUE(bench.worker->status().ready);
  }
  EXPECT_EQ(bench.events.ledger, told);
}

TEST(WorkerTest, AFullDiskThatComesAndGoesIsToldOnceAndItsEndAfterARest) {
  WorkerBench bench;
  bench.settle();
  const auto fill = [&] {
    bench.ledger.fail_next(CommitFault::kDiskFull);
    bench.put_kafka(std::string(kSample));
    bench.settle();
    EXPECT_FALSE(bench.worker->status().ready);
    bench.clock.advance(1'000'000);
    bench.settle();
    EXPECT_TRUE(bench.worker->status().ready);
  };
  const std::string first = to_string(bench.clock.now().utc);
  for (int i = 0; i < 4; ++i) fill();
  bench.clock.advance(9'000'000);
  bench.settle();
  EXPECT_THAT(bench.events.ledger, ElementsAre("not since " + first));
  bench.clock.advance(1'000'000);
  bench.settle();
  EXPECT_THAT(bench.events.ledger, ElementsAre("not since " + first, "again, not since " + first));
  const std::string second = to_string(bench.clock.now().utc);
  fill();
  EXPECT_THAT(bench.events.ledger, ElementsAre("not since " + first, "again, not since " + first,
                                               "not since " + second));
}

TEST(WorkerTest, AFullDiskOfTheSourcesIsToldByItself) {
  WorkerBench bench;
  bench.settle();
  bench.ledger.fail_next(CommitFault::kDiskFull);
  bench.put_kafka(std::string(kSample));
  bench.settle();
  bench.kafka.trouble = "no space left";
  bench.http.trouble = "no space left";
  for (int i = 0; i < 10; ++i) {
    bench.ledger.fail_next(CommitFault::kDiskFull);
    bench.clock.advance(1'000'000);
    bench.settle();
  }
  EXPECT_THAT(bench.events.troubles, testing::IsEmpty());
  bench.kafka.trouble = "no broker answers";
  bench.http.trouble.clear();
  for (int i = 0; i < 7; ++i) {
    bench.clock.advance(1'000'000);
    bench.settle();
  }
  EXPECT_THAT(bench.events.troubles, ElementsAre("kafka: no broker answers, 5 s"));
}

TEST(WorkerTest, ItIsNotReadyWhenItStandsStill) {
  WorkerBench bench;
  bench.settle();
  EXPECT_TRUE(bench.worker->status().ready);
  bench.clock.advance(29'000'000);
  EXPECT_TRUE(bench.worker->status().ready);
  bench.clock.advance(1'000'000);
  const WorkerStatus still = bench.worker->status();
  EXPECT_FALSE(still.ready);
  EXPECT_FALSE(still.is_alive);
  EXPECT_THAT(still.reason, testing::AllOf(HasSubstr("30 s"), HasSubstr("restart")));
  bench.settle();
  EXPECT_TRUE(bench.worker->status().ready);
}

TEST(WorkerTest, ABatchEndsWhenItHoldsManyBytes) {
  Delivery of_value;
  of_value.value = kSample;
  Delivery of_key = of_value;
  of_key.key.assign(100, 'k');
  Delivery of_header = of_value;
  of_header.headers = {{"trace", std::string(300, 'h')}};
  for (Delivery delivery : {of_value, of_key, of_header}) {
    WorkerBench bench;
    ScriptedSource source{"kafka:test/bytes", Route::kKafka};
    source.poll_max = 10;
    Worker worker(bench.ledger, bench.clock,
                  [&](const MeterName& m, Slot s) { return bench.book.segment_start(m, s); },
                  bench.book.segments_text(), bench.price_use, bench.events,
                  std::vector<Source*>{&source},
                  {.intake = {.portion_bytes_max = 15 * delivery.bytes()}});
    ASSERT_TRUE(worker.open());
    delivery.recorded = bench.clock.now().utc;
    for (int i = 0; i < 100; ++i) source.put(delivery);
    ASSERT_TRUE(worker.step());
    EXPECT_EQ(worker.status().sources[0].counts, (Counts{20, 0, 0}));
    while (worker.step().value()) {
    }
    EXPECT_EQ(worker.status().sources[0].counts, (Counts{100, 0, 0}));
  }
}

TEST(DeliveryTest, ItsBytesAreThoseOfKeyValueAndHeaders) {
  Delivery delivery;
  EXPECT_EQ(delivery.bytes(), 0U);
  delivery.key = "abc";
  delivery.value = "de";
  EXPECT_EQ(delivery.bytes(), 5U);
  delivery.headers = {{"n", std::string(901, 'v')}};
  EXPECT_GE(delivery.bytes(), 5U + 902U);
}

TEST(WorkerTest, EvidenceIsWhatWasAppliedByteForByte) {
  WorkerBench bench;
  bench.put_kafka(std::string(kSample));
  bench.put_kafka(std::string("nothing that can be read"));
  bench.settle();
  const auto kept = evidence_items(bench.ledger, bench.worker->status().commits).value();
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept[0].delivery.value, kSample);
  EXPECT_EQ(bench.ledger.quarantine(0, 1).value()[0].delivery->value, "nothing that can be read");
}

TEST(WorkerTest, ARefusedEventOverHttpIsFoundByItsMachine) {
  WorkerBench bench;
  Delivery delivery;
  delivery.recorded = bench.clock.now().utc;
  for (const std::string machine : {"web-1", "web-2"}) {
    delivery.value =
        R"({"specversion":"1.0","type":"io.meterbill.usage.v1","source":"app","id":"1",)"
        R"("subject":")" +
        machine + R"(","data":{"scope":"machine","meter":"pages","quantity":"-1",)" +
        R"("unit":"unit"}})";
    bench.http.put(delivery);
  }
  bench.settle();
  const auto found = bench.ledger.quarantine(0, 9, "web-2").value();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].machine, "web-2");
}

TEST(WorkerTest, AnUnknownOutcomeIsReadBack) {
  for (const CommitFault fault : {CommitFault::kUnknownApplied, CommitFault::kUnknownLost}) {
    WorkerBench bench;
    bench.settle();
    bench.put_kafka(std::string(kSample));
    bench.ledger.fail_next(fault);
    bench.settle();
    bench.clock.advance(1'000'000);
    bench.settle();
    EXPECT_EQ(bench.cost("Machine_B"), "1.227");
    EXPECT_EQ(bench.counts(), (Counts{1, 0, 0}));
  }
}

TEST(WorkerTest, OnlyAFullDiskIsCalledOne) {
  struct Case {
    CommitFault fault;
    const char* reason;
    bool is_full;
  };
  for (const Case& row : {Case{CommitFault::kDiskFull, "ledger disk full since", true},
                          Case{CommitFault::kUnknownLost, "did not keep the batch", false}}) {
    WorkerBench bench;
    bench.settle();
    bench.put_kafka(std::string(kSample));
    bench.ledger.fail_next(row.fault);
    ASSERT_TRUE(bench.worker->step());
    bench.settle();
    const WorkerStatus status = bench.worker->status();
    EXPECT_FALSE(status.ready);
    EXPECT_THAT(status.reason, testing::HasSubstr(row.reason));
    EXPECT_EQ(status.disk_full_since.has_value(), row.is_full);
  }
}

TEST(WorkerTest, AnotherWorkerThatTookOverEndsThisOne) {
  WorkerBench bench;
  bench.settle();
  ASSERT_TRUE(bench.ledger.claim("http"));
  bench.put_http(message_of({}));
  const auto step = bench.worker->step();
  ASSERT_FALSE(step);
  EXPECT_EQ(step.error().code, Code::kConflict);
  EXPECT_TRUE(bench.http.answers.empty());
}

TEST(WorkerTest, TwoMachinesOfOneNameAndBootAreHeldAtTheSecondMessage) {
  WorkerBench bench;
  bench.put_http(message_of({}));
  bench.settle();
  EXPECT_EQ(bench.cost("web-1"), "10");
  bench.put_http(message_of(clone_of({})));
  bench.settle();
  EXPECT_THAT(bench.events.conflicts, ElementsAre("web-1"));
  EXPECT_EQ(bench.worker->status().held_machines, 1);
  EXPECT_EQ(bench.cost("web-1"), "0") << "held usage is in no total";
  EXPECT_EQ(bench.counts(), (Counts{2, 0, 0})) << "merging goes on";
}

TEST(WorkerTest, AnHonestRestartIsNoConflict) {
  WorkerBench bench;
  bench.put_http(message_of({}));
  ReadingSpec restarted = clone_of({});
  restarted.from_s = 1'060;
  bench.put_http(message_of(restarted));
  bench.settle();
  EXPECT_TRUE(bench.events.conflicts.empty());
  EXPECT_EQ(bench.cost("web-1"), "20");
}

/// Two boots that cover the slot twice, with 10 and 20 s of cpu.
void put_two_boots(WorkerBench& bench) {
  ReadingSpec one;
  one.seconds = 900;
  ReadingSpec two = clone_of(one);
  two.boot = "boot-b";
  two.cpu_s = 20;
  bench.put_http(message_of(one));
  bench.put_http(message_of(two));
  bench.settle();
}

/// Runs the command as an operator's thread would, while the worker steps.
template <class Command>
Result<void> while_stepping(WorkerBench& bench, Command command) {
  auto done = std::async(std::launch::async, command);
  while (done.wait_for(std::chrono::milliseconds(1)) != std::future_status::ready)
    static_cast<void>(bench.worker->step());
  return done.get();
}

struct ResolveCase {
  const char* name;
  const char* boot;
  Decision decision;
  const char* web_1;
  const char* web_2;
};
void PrintTo(const ResolveCase& row, std::ostream* out) { *out << row.name; }

class ResolveTest : public testing::TestWithParam<ResolveCase> {};

TEST_P(ResolveTest, SettlesAConflict) {
  const ResolveCase& row = GetParam();
  WorkerBench bench;
  put_two_boots(bench);
  EXPECT_EQ(bench.cost("web-1"), "0");
  ASSERT_TRUE(while_stepping(bench, [&] {
    return bench.worker->resolve(MachineId{"web-1"}, BootId{row.boot}, row.decision,
                                 MachineId{row.decision == Decision::kRename ? "web-2" : ""});
  }));
  EXPECT_EQ(bench.cost("web-1"), row.web_1);
  EXPECT_THAT(bench.cost("web-2"), HasSubstr(row.web_2));
  WorkerBench reopened(bench.ledger.state());
  EXPECT_EQ(reopened.cost("web-1"), row.web_1) << "and stays settled";
}

INSTANTIATE_TEST_SUITE_P(
    Decisions, ResolveTest,
    testing::Values(ResolveCase{"keep", "boot-b", Decision::kKeep, "20", "No data"},
                    ResolveCase{"discard", "boot-b", Decision::kDiscard, "10", "No data"},
                    ResolveCase{"rename", "boot-b", Decision::kRename, "10", "20"},
                    ResolveCase{"sum", "", Decision::kSum, "30", "No data"}),
    [](const auto& param) { return std::string(param.param.name); });

TEST(WorkerTest, ADecisionAboutAnUnknownBootNamesTheRemedy) {
  WorkerBench bench;
  put_two_boots(bench);
  const auto done = while_stepping(bench, [&] {
    return bench.worker->resolve(MachineId{"web-1"}, BootId{"boot-z"}, Decision::kKeep, {});
  });
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message, HasSubstr("machine list"));
}

TEST(WorkerTest, ACommandAfterTheEndIsRefusedAndWaitsForNobody) {
  WorkerBench bench;
  std::stop_source stop;
  stop.request_stop();
  ASSERT_TRUE(bench.worker->run(stop.get_token()));
  EXPECT_EQ(bench.worker->discard(1).error().code, Code::kUnavailable);
}

TEST(WorkerTest, HousekeepingIsDoneAlsoWhenThereIsAlwaysMoreToApply) {
  WorkerBench bench;
  bench.settle();
  const int before = bench.ledger.maintained();
  for (int i = 0; i < 4; ++i) {
    bench.put_kafka(std::string(kSample));
    bench.clock.advance(5'000'000);
    EXPECT_TRUE(bench.worker->step().value());
  }
  EXPECT_EQ(bench.ledger.maintained(), before + 4);
}

TEST(WorkerTest, OtherLabelsForAKnownEpochAreQuarantined) {
  WorkerBench bench;
  bench.put_http(message_of({}));
  ReadingSpec other;
  other.labels = {{"site", "lab"}};
  bench.put_http(message_of(other));
  bench.settle();
  EXPECT_THAT(bench.reasons(), ElementsAre("labels_changed"));
  EXPECT_EQ(bench.counts(), (Counts{1, 0, 1}));
}

TEST(WorkerTest, AFutureSlotIsAppliedWhenItComesAgainInItsTime) {
  WorkerBench bench;
  ReadingSpec ahead;
  ahead.slot = "2026-11-22T10:45:00Z";
  bench.put_http(message_of(ahead));
  bench.settle();
  EXPECT_THAT(bench.reasons(), ElementsAre("future"));
  bench.clock.advance(std::int64_t{30} * 60 * 1'000'000);
  bench.put_http(message_of(ahead));
  bench.settle();
  EXPECT_EQ(bench.cost("web-1"), "10");
}

TEST(WorkerTest, WhatIsFarAheadIsReleasedInItsTimeAndNotBefore) {
  WorkerBench bench;
  ReadingSpec ahead;
  ahead.slot = "2026-11-29T10:45:00Z";
  bench.put_http(message_of(ahead));
  bench.settle();
  const std::int64_t id = bench.ledger.quarantine(0, 1).value().front().id;
  const auto early = while_stepping(bench, [&] { return bench.worker->release(id); });
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().code, Code::kRefused);
  EXPECT_THAT(early.error().message, HasSubstr("2026-11-29T10:45:00Z, more than a day ahead"));
  EXPECT_EQ(bench.worker->status().machines, 0);
  bench.clock.advance(std::int64_t{7} * 86'400 * 1'000'000);
  EXPECT_TRUE(while_stepping(bench, [&] { return bench.worker->release(id); }));
  EXPECT_EQ(bench.cost("web-1"), "10");
}

TEST(WorkerTest, AReleasedItemIsAppliedOnceAndCountedBeside) {
  WorkerBench bench;
  ReadingSpec implausible;
  implausible.cpu_s = 1'000;  // of 240
  bench.put_http(message_of(implausible));
  bench.settle();
  const std::int64_t id = bench.ledger.quarantine(0, 1).value().front().id;
  ASSERT_TRUE(while_stepping(bench, [&] { return bench.worker->release(id); }));
  EXPECT_EQ(bench.cost("web-1"), "1000");
  EXPECT_EQ(bench.counts(), (Counts{0, 0, 1})) << "counts of deliveries never change";
  EXPECT_FALSE(while_stepping(bench, [&] { return bench.worker->release(id); }));
  EXPECT_EQ(bench.ledger.quarantine_counts().value().at(QuarantineState::kReleased), 1);
}

TEST(WorkerTest, OfARefusedReadingTheLastIsKeptThoughNothingWasUsedSince) {
  std::vector<ReadingSpec> specs(2);
  for (ReadingSpec& spec : specs) spec.cpu_s = 1'000;  // of 240
  specs[1].final = true;
  for (int order = 0; order < 2; ++order) {
    WorkerBench bench;
    for (const ReadingSpec& spec : specs) bench.put_kafka(message_of(spec));
    bench.settle();
    const auto items = bench.ledger.quarantine(0, 10).value();
    ASSERT_EQ(items.size(), 1U);
    EXPECT_THAT(items.front().delivery->value, HasSubstr("\"final\":true"));
    std::ranges::reverse(specs);
  }
}

TEST(WorkerTest, SamplesOfAnAcceptedPartitionAreQuarantinedUntilItsEnd) {
  WorkerBench bench;
  for (int i = 0; i < 3; ++i) bench.put_kafka(std::string(kSample));
  bench.settle();
  ASSERT_TRUE(while_stepping(bench, [&] { return bench.worker->accept("kafka", 0); }));
  EXPECT_EQ(bench.ledger.positions().value().at(bench.kafka.name())[0].next_offset, 0);
  WorkerBench again(bench.ledger.state());
  for (int i = 0; i < 4; ++i) again.put_kafka(std::string(kSample));
  again.settle();
  EXPECT_EQ(again.cost("Machine_B"), "4.908");
  EXPECT_THAT(again.reasons(), ElementsAre("replayed", "replayed", "replayed"));
}

TEST(WorkerTest, TotalsAreRebuiltWhenThePriceSegmentsChange) {
  WorkerBench bench;
  EXPECT_EQ(bench.events.rebuilt, 0) << "a new ledger has nothing to rebuild";
  bench.put_http(message_of({}));
  bench.settle();
  ASSERT_TRUE(bench.ledger.replace_totals({}, "other segments", {}));
  WorkerBench reopened(bench.ledger.state());
  EXPECT_EQ(reopened.events.rebuilt, 1);
  EXPECT_EQ(reopened.cost("web-1"), "10");
}

TEST(WorkerTest, APriceEditedWhileTheWorkerWasAwayIsNamedFromTheStart) {
  WorkerBench bench;
  bench.put_http(message_of({}));
  bench.settle();
  EXPECT_THAT(bench.price_use.warnings(), ElementsAre());
  std::vector<PriceVersion> versions = bench.book.versions();
  for (PriceVersion& version : versions) version.price = Price::parse("3").value();
  const PriceBook edited = PriceBook::create({.currency = bench.book.currency(),
                                              .zone = utc_zone(),
                                              .quantity_decimals = 9,
                                              .versions = std::move(versions)})
                               .value();
  PriceUse use(edited, [](std::string_view text) { return std::string(text); });
  Worker worker(
      bench.ledger, bench.clock,
      [&](const MeterName& meter, Slot slot) { return edited.segment_start(meter, slot); },
      edited.segments_text(), use, bench.events, {}, {});
  ASSERT_TRUE(worker.open());
  EXPECT_THAT(use.warnings(),
              ElementsAre(HasSubstr("the price of cpu per core_second since always was edited")));
}

}  // namespace
}  // namespace meterbill
