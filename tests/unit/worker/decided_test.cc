// What an operator's decision settles, and what it leaves in conflict.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/worker_bench.h"

namespace meterbill {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr std::int64_t kSecond = 1'000'000;

std::string epoch(int number) {
  const std::string digits = std::to_string(number);
  return std::string(32 - digits.size(), '0') + digits;
}

/// A boot that covers the whole slot, so that two of them conflict.
ReadingSpec whole_slot(int number, const char* boot, const char* slot, std::int64_t cpu_s) {
  ReadingSpec spec;
  spec.epoch = epoch(number);
  spec.boot = boot;
  spec.slot = slot;
  spec.seconds = 900;
  spec.cpu_s = cpu_s;
  return spec;
}

constexpr const char* kFirst = "2026-11-22T08:00:00Z";
constexpr const char* kSecondSlot = "2026-11-22T08:15:00Z";

Statement november(WorkerBench& bench, LinesFrom from = LinesFrom::kTotals) {
  const UtcTime now = bench.clock.now().utc;
  const Period month = parse_period("2026-11", *utc_zone(), now).value();
  return bench.queries.statement(bench.ledger, month, std::nullopt, now, from, {}).value();
}

Int128 cpu_of(const std::map<MeterName, Int128, MeterOrder>& meters) {
  const auto found = meters.find(MeterName{"cpu"});
  return found == meters.end() ? Int128{0} : found->second / kSecond;
}

TEST(DecidedTest, ALaterBootThatConflictsIsHeldThoughAnEarlierOneIsKept) {
  WorkerBench bench;
  bench.put_kafka(message_of(whole_slot(1, "boot-a", kFirst, 10)));
  bench.put_kafka(message_of(whole_slot(2, "boot-b", kFirst, 20)));
  bench.settle();
  ASSERT_TRUE(bench.resolve("web-1", "boot-a", Decision::kKeep));
  EXPECT_EQ(bench.worker->status().held_machines, 0);
  EXPECT_EQ(bench.cost("web-1"), "10");
  bench.events.conflicts.clear();
  bench.put_kafka(message_of(whole_slot(3, "boot-c", kSecondSlot, 50)));
  bench.put_kafka(message_of(whole_slot(2, "boot-b", kSecondSlot, 60)));
  bench.settle();
  EXPECT_EQ(bench.worker->status().held_machines, 1);
  EXPECT_THAT(bench.events.conflicts, ElementsAre("web-1"));
  EXPECT_EQ(bench.cost("web-1"), "10");
  const MachineNote note = november(bench).machines.front().note;
  EXPECT_EQ(cpu_of(note.held), 50);
  EXPECT_EQ(cpu_of(note.discarded), 80);
}

TEST(DecidedTest, WhatIsDiscardedIsShownOfTheMachineInAllItsSlots) {
  const auto cpu = [](std::int64_t seconds) {
    return R"("discarded":[{"meter":"cpu","base_quantity":")" + std::to_string(seconds) +
           R"(000000","base_unit":"core_us"},)";
  };
  const std::string none = R"("discarded":[])";
  WorkerBench bench;
  ReadingSpec other = whole_slot(4, "boot-d", kFirst, 7);
  other.machine = "web-2";
  bench.put_kafka(message_of(other));
  bench.put_kafka(message_of(whole_slot(1, "boot-a", "2026-10-31T23:45:00Z", 10)));
  bench.put_kafka(message_of(whole_slot(1, "boot-a", kFirst, 20)));
  bench.put_kafka(message_of(whole_slot(2, "boot-b", kFirst, 40)));
  bench.settle();
  for (const char* path : {"/api/v1/machines", "/api/v1/machines/web-1"})
    EXPECT_THAT(bench.get(path), HasSubstr(none)) << "held is not discarded";
  ASSERT_TRUE(bench.resolve("web-1", "boot-a", Decision::kKeep));
  EXPECT_THAT(bench.get("/api/v1/machines/web-1"), HasSubstr(cpu(40)));
  ASSERT_TRUE(bench.resolve("web-1", "boot-a", Decision::kDiscard));
  EXPECT_THAT(bench.get("/api/v1/machines/web-1"), HasSubstr(cpu(30))) << "of October, too";
  EXPECT_THAT(bench.get("/api/v1/machines"), HasSubstr(cpu(30)));
  EXPECT_THAT(bench.get("/api/v1/machines"), HasSubstr(none)) << "of web-2";
  EXPECT_THAT(bench.get("/api/v1/machines/web-2"), HasSubstr(none));
}

TEST(DecidedTest, ABootThatIsDiscardedAndASumAreShown) {
  WorkerBench bench;
  bench.put_kafka(message_of(whole_slot(1, "boot-a", kFirst, 20)));
  bench.put_kafka(message_of(whole_slot(2, "boot-b", kFirst, 40)));
  bench.settle();
  const char* const path = "/api/v1/machines/web-1";
  EXPECT_THAT(bench.get(path), Not(HasSubstr("decision")));
  ASSERT_TRUE(bench.resolve("web-1", "boot-a", Decision::kKeep));
  EXPECT_THAT(bench.get(path), HasSubstr(R"("epochs":1,"in_conflict":false,"decision":"keep"},)"
                                         R"({"boot_id":"boot-b","epochs":1,"in_conflict":false,)"
                                         R"("discarded":true})"));
  ASSERT_TRUE(bench.resolve("web-1", "", Decision::kSum));
  EXPECT_THAT(bench.get(path), HasSubstr(R"("decision":"sum","boots")"));
  EXPECT_THAT(bench.get(path), Not(HasSubstr(R"("discarded":true)")));
}

TEST(DecidedTest, AThirdMachineStaysHeldAgainstThoseThatAreNotKept) {
  WorkerBench bench;
  bench.put_kafka(message_of(whole_slot(1, "boot-a", kFirst, 10)));
  bench.put_kafka(message_of(whole_slot(2, "boot-b", kSecondSlot, 20)));
  bench.put_kafka(message_of(whole_slot(3, "boot-c", kSecondSlot, 30)));
  bench.settle();
  ASSERT_TRUE(bench.resolve("web-1", "boot-a", Decision::kKeep));
  EXPECT_EQ(bench.worker->status().held_machines, 1) << "boot-a never met the other two";
  EXPECT_EQ(cpu_of(november(bench).machines.front().note.held), 50);
  ASSERT_TRUE(bench.resolve("web-1", "boot-c", Decision::kKeep));
  EXPECT_EQ(bench.worker->status().held_machines, 0);
  EXPECT_EQ(bench.cost("web-1"), "40");
}

TEST(DecidedTest, RestartsOfTheSameBootElsewhereAreNotHeldWithTheConflict) {
  // boot-a is restarted in the first slot; boot-b comes only in the second.
  WorkerBench bench;
  ReadingSpec one = whole_slot(1, "boot-a", kFirst, 10);
  one.seconds = 400;
  ReadingSpec two = whole_slot(2, "boot-a", kFirst, 10);
  two.from_s += 400;
  two.seconds = 400;
  bench.put_kafka(message_of(one));
  bench.put_kafka(message_of(two));
  one.slot = two.slot = kSecondSlot;
  one.from_s += 900;
  two.from_s += 900;
  bench.put_kafka(message_of(one));
  bench.put_kafka(message_of(two));
  bench.put_kafka(message_of(whole_slot(3, "boot-b", kSecondSlot, 5)));
  bench.settle();
  EXPECT_EQ(bench.cost("web-1"), "20") << "the first slot is boot-a's alone";
}

TEST(DecidedTest, HoldsAndTotalsOfAnOlderLedgerAreDerivedAnew) {
  // The first schema knew no `discarded`, and held boot-a's second run for the two it shares with.
  WorkerBench bench;
  bench.put_kafka(message_of(whole_slot(1, "boot-a", kFirst, 10)));
  bench.put_kafka(message_of(whole_slot(2, "boot-b", kFirst, 20)));
  bench.put_kafka(message_of(whole_slot(3, "boot-a", kSecondSlot, 40)));
  bench.settle();
  ASSERT_TRUE(bench.resolve("web-1", "boot-b", Decision::kKeep));
  const std::string today = bench.held();
  WriteSet older;
  const auto machines = bench.ledger.all_holds().value();
  const MachineKey machine = machines.begin()->first;
  const auto epochs = bench.ledger.epochs(machine).value();
  for (const auto& [epoch, facts] : epochs)
    older.holds[machine][epoch] = {Slot::parse(kFirst).value(), {}};
  ASSERT_TRUE(bench.ledger.commit(older, {}));
  ASSERT_TRUE(bench.ledger.replace_totals({}, "", {}));
  ASSERT_NE(bench.held(), today);
  WorkerBench reopened(bench.ledger.state());
  EXPECT_EQ(reopened.held(), today);
  EXPECT_EQ(reopened.worker->status().held_machines, 0);
  EXPECT_EQ(reopened.cost("web-1"), "60");
}

/// Counts how often all rows of a machine are read.
class CountingLedger final : public MemoryLedger {
 public:
  Result<void> rows(MachineKey machine, SlotRange range,
                    const std::function<Result<void>(Slot, const UsageRow&)>& each) override {
    ++walks;
    return MemoryLedger::rows(machine, range, each);
  }
  int walks = 0;
};

TEST(DecidedTest, AHeldMachineIsNotReadWholeWithEveryBatch) {
  WorkerBench bench;
  CountingLedger ledger;
  Worker worker(
      ledger, bench.clock,
      [&](const MeterName& meter, Slot slot) { return bench.book.segment_start(meter, slot); },
      bench.book.segments_text(), bench.price_use, bench.events, {&bench.kafka}, WorkerSettings{});
  ASSERT_TRUE(worker.open());
  bench.put_kafka(message_of(whole_slot(1, "boot-a", kSecondSlot, 10)));
  bench.put_kafka(message_of(whole_slot(2, "boot-b", kSecondSlot, 20)));
  ASSERT_TRUE(worker.step());
  ASSERT_EQ(worker.status().held_machines, 1);
  ledger.walks = 0;
  for (int growth = 0; growth < 5; ++growth) {
    bench.put_kafka(message_of(whole_slot(1, "boot-a", kSecondSlot, 20 + growth)));
    ASSERT_TRUE(worker.step());
  }
  EXPECT_EQ(ledger.walks, 0);
}

ReadingSpec too_busy_parts() {
  ReadingSpec spec = whole_slot(1, "boot-a", kFirst, 10);
  spec.final = true;
  spec.scopes_cpu_s = {{"service:x", 4'000}};
  return spec;
}

TEST(DecidedTest, KeepAndSumSettlePartsThatExceed) {
  for (const Decision decision : {Decision::kKeep, Decision::kSum}) {
    WorkerBench bench;
    bench.put_kafka(message_of(too_busy_parts()));
    bench.settle();
    ASSERT_EQ(bench.cost("web-1"), "0");
    ASSERT_TRUE(bench.resolve("web-1", decision == Decision::kSum ? "" : "boot-a", decision));
    EXPECT_EQ(bench.cost("web-1"), "10") << to_string(decision);
    EXPECT_EQ(to_string(november(bench, LinesFrom::kSlots).exact_total), "10");
  }
}

TEST(DecidedTest, WhatNeitherOfTwoAgentsOfOneBootSawIsMissing) {
  ReadingSpec before = whole_slot(1, "boot-a", "2026-11-22T07:45:00Z", 10);
  ReadingSpec one = whole_slot(1, "boot-a", kFirst, 10);
  one.seconds = 400;
  ReadingSpec two = whole_slot(2, "boot-a", kFirst, 10);
  two.from_s += 300;
  two.seconds = 576;
  for (const Decision decision : {Decision::kKeep, Decision::kSum, Decision::kRename}) {
    WorkerBench bench;
    for (const ReadingSpec& spec : {before, one, two}) bench.put_kafka(message_of(spec));
    bench.settle();
    ASSERT_TRUE(bench.resolve("web-1", decision == Decision::kSum ? "" : "boot-a", decision,
                              decision == Decision::kRename ? "web-2" : ""));
    const char* const name = decision == Decision::kRename ? "web-2" : "web-1";
    for (const LinesFrom from : {LinesFrom::kTotals, LinesFrom::kSlots})
      for (const MachineStatement& machine : november(bench, from).machines)
        if (machine.machine.str() == name) {
          EXPECT_EQ(machine.note.coverage.value().metered_us, (900 + 876) * kSecond)
              << to_string(decision);
        }
  }
}

TEST(DecidedTest, RenameCarriesTheRuleOfPartsAlong) {
  WorkerBench bench;
  bench.put_kafka(message_of(too_busy_parts()));
  bench.settle();
  ASSERT_TRUE(bench.resolve("web-1", "boot-a", Decision::kRename, "web-2"));
  EXPECT_EQ(bench.cost("web-2"), "0");
  for (const LinesFrom from : {LinesFrom::kTotals, LinesFrom::kSlots})
    EXPECT_EQ(to_string(november(bench, from).exact_total), "0");
  for (const MachineStatement& machine : november(bench).machines)
    EXPECT_EQ(cpu_of(machine.note.held), machine.machine.str() == "web-2" ? 10 : 0);
}

}  // namespace
}  // namespace meterbill
