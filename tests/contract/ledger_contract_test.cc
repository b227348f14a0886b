#include "contract/ledger_contract.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "adapters/sqlite/sqlite_ledger.h"
#include "support/evidence_items.h"
#include "support/memory_ledger.h"
#include "support/temp_dir.h"

namespace meterbill {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::int64_t kHourUs = 3'600'000'000;

RecentSample sample(MachineKey machine, std::int64_t at_us, const std::string& cpu_usage) {
  RecentSample made;
  made.machine = machine;
  made.at = {at_us};
  made.cpu_usage = cpu_usage;
  return made;
}

TEST_P(LedgerContract, ClaimingASourceRaisesItsFenceAndGivesItsPositions) {
  const Claim first = ledger().claim(kKafka).value();
  EXPECT_TRUE(first.positions.empty());
  given(1);
  const Claim again = ledger().claim(kKafka).value();
  EXPECT_GT(fence(), first.fence);
  EXPECT_GT(again.fence, fence());
  ASSERT_EQ(again.positions.size(), 1U);
  EXPECT_EQ(again.positions[0], position(8));
  EXPECT_TRUE(ledger().claim("http").value().positions.empty());
}

TEST_P(LedgerContract, ACommitUnderAnOldFenceChangesNothing) {
  given(1);
  ASSERT_TRUE(ledger().claim(kKafka));
  const std::string before = state();
  ASSERT_EQ(commit(batch(2)).value(), CommitOutcome::kFenced);
  EXPECT_EQ(state(), before);
  claim();
  EXPECT_EQ(commit(batch(2)).value(), CommitOutcome::kCommitted);
  EXPECT_NE(state(), before);
}

TEST_P(LedgerContract, ASourceThatIsNotClaimedIsFenced) {
  given(1);
  const std::string before = state();
  EXPECT_EQ(ledger().commit(batch(2), {}).value(), CommitOutcome::kFenced);
  WriteSet other;
  other.counts = {{"http", {.applied = 1}}};
  EXPECT_EQ(ledger().commit(other, {{"http", 1}}).value(), CommitOutcome::kFenced);
  EXPECT_EQ(state(), before);
}

TEST_P(LedgerContract, ACommitAppliesEverything) {
  given(3);
  const std::string text = state();
  for (const char* part : {"commits 3",
                           "machine 1 web-1",
                           "machine 2 lab-2",
                           "scope 1 machine",
                           "labels 1 rack=2\\,b\\=\\\\c,site=lab-3",
                           "labels 2 \n",
                           "meter 1 cpu",
                           "facts 1 web-1 2026-11-22T10:00:00Z 2026-11-22T10:15:00Z",
                           "retired -1 seen 1795343400000000 1795343400000000 37.5 61.2",
                           "boot boot-a labels 1 seen 1795342500000000 1795342500000000 1 2",
                           "boot boot-b labels 2 seen 1795343400000000 1795343400000000 3 4",
                           "row 1 2026-11-22T10:00:00Z e1(0,300,300,0,0)/1 s1 m1=150",
                           "row 1 2026-11-22T10:15:00Z e1(0,120,120,0,0)/1 s1 m1=60",
                           "row 2 2026-11-22T10:15:00Z",
                           "total 2 s1 l1 m1 2026-11-22T10:00:00Z = 1",
                           "kafka:abc/resource_usage 4+1+2",
                           "position kafka:abc/resource_usage 0.1 next 14 anchor 13 0e00",
                           "ff 1795341600000000 replay 3",
                           "gap kafka:abc/resource_usage 0.1 10-12 after 1795341600000000 "
                           "detected 1795343400000000",
                           "held 2",
                           "'web-1/e/s/machine' 5 2 implausible",
                           "|too much|",
                           "recent 1",
                           "12.3 61.2 true",
                           "evidence 1 kafka:abc/resource_usage 0@7",
                           "|third|"})
    EXPECT_THAT(text, HasSubstr(part));
  EXPECT_THAT(text, Not(HasSubstr("total 1 ")));
  EXPECT_THAT(text, Not(HasSubstr("hold ")));
  EXPECT_THAT(text, Not(HasSubstr("FAILED")));
}

TEST_P(LedgerContract, OpeningAgainGivesTheSame) {
  given(3);
  ASSERT_TRUE(ledger().decide(kWeb, BootId("boot-a"), {Decision::kRename, kLab}, {}));
  ASSERT_TRUE(ledger().settle_quarantine(1, QuarantineState::kDiscarded, {}));
  uses({{"cpu", "core_hour", "machine", "", "aa"}});
  const std::string before = state();
  reopen();
  EXPECT_EQ(state(), before);
}

TEST_P(LedgerContract, TheGreatestEpochNumberIsKnownWhenOpenedAgain) {
  EXPECT_EQ(ledger().facts().value().greatest_epoch, 0);
  given(3);
  std::int64_t greatest = 0;
  for (int i = 1; i <= 3; ++i)
    for (const auto& [key, facts] : batch(i).epochs) greatest = std::max(greatest, key.value);
  ASSERT_GT(greatest, 0);
  EXPECT_EQ(ledger().facts().value().greatest_epoch, greatest);
  reopen();
  EXPECT_EQ(ledger().facts().value().greatest_epoch, greatest);
}

TEST_P(LedgerContract, PositionsMoveOnlyWithTheirEffects) {
  given(1);
  WriteSet bad = batch(2);
  bad.rows[{MachineKey{99}, slot()}] = row(kWebEpoch, 1);
  refuses(bad, Code::kInvalid);
  EXPECT_EQ(ledger().positions().value()[kKafka][0].next_offset, 8);
}

TEST_P(LedgerContract, NamesAndEpochsAreGivenOnce) {
  given(1);
  WriteSet number;
  number.added.machines = {{kWeb, MachineId("other")}};
  refuses(number, Code::kInvalid);
  WriteSet name;
  name.added.machines = {{MachineKey{9}, MachineId("web-1")}};
  refuses(name, Code::kInvalid);
  WriteSet labels;
  labels.added.label_sets = {{LabelSetKey{9}, {}}};
  refuses(labels, Code::kInvalid);
  WriteSet epoch;
  epoch.epochs = batch(1).epochs;
  epoch.epochs[0].first = EpochKey{9};
  refuses(epoch, Code::kInvalid);
}

TEST_P(LedgerContract, NumbersWithoutANameAreRefused) {
  given(1);
  WriteSet scope;
  WriteSet meter;
  TotalKey key = total_of(kWeb);
  key.scope = {77};
  scope.totals = {{key, 1}};
  refuses(scope, Code::kInvalid);
  key = total_of(kWeb);
  key.meter = {77};
  meter.totals = {{key, 1}};
  refuses(meter, Code::kInvalid);
  WriteSet epoch;
  epoch.rows = {{{kWeb, slot()}, row(EpochKey{77}, 1)}};
  refuses(epoch, Code::kInvalid);
  WriteSet hold;
  hold.holds = {{kWeb, {{EpochKey{77}, {slot(), {}}}}}};
  refuses(hold, Code::kInvalid);
  WriteSet recent;
  recent.recent = {sample({77}, 0, "1")};
  refuses(recent, Code::kInvalid);
}

TEST_P(LedgerContract, CountsAddUpPerSource) {
  given(1);
  const std::int64_t http = ledger().claim("http").value().fence;
  WriteSet write;
  write.counts = {{"http", {.applied = 3, .repeated = 2, .quarantined = 1}},
                  {kKafka, {.applied = 10, .repeated = 20, .quarantined = 30}}};
  ASSERT_TRUE(ledger().commit(write, {{"http", http}, {kKafka, fence()}}));
  ASSERT_TRUE(ledger().commit(write, {{"http", http}, {kKafka, fence()}}));
  const auto counts = ledger().counts().value();
  EXPECT_EQ(counts.at("http"), (Counts{.applied = 6, .repeated = 4, .quarantined = 2}));
  EXPECT_EQ(counts.at(kKafka), (Counts{.applied = 21, .repeated = 40, .quarantined = 60}));
}

TEST_P(LedgerContract, ACommitThatIsNoneOfASourceNeedsNoFence) {
  WriteSet write;
  write.added = batch(1).added;
  EXPECT_EQ(ledger().commit(write, {}).value(), CommitOutcome::kCommitted);
  EXPECT_EQ(ledger().dictionary().value().machines.at(kWeb).str(), "web-1");
}

TEST_P(LedgerContract, LoadGivesWhatCommitWrote) {
  given(2);
  const std::vector<RowKey> rows{{kWeb, slot()}, {kWeb, slot(5)}, {kLab, slot()}};
  const std::vector<std::pair<MachineKey, EpochId>> epochs{
      {kWeb, EpochId("6f1c0000000000000000000000000001")}, {kWeb, EpochId("unknown")}};
  const std::vector<TotalKey> totals{total_of(kWeb), total_of(kLab)};
  const Loaded by_row = ledger().load(rows, {}, {}).value();
  ASSERT_EQ(by_row.rows.size(), 1U);
  EXPECT_EQ(by_row.rows.at({kWeb, slot()}), row(kWebEpoch, 150));
  ASSERT_EQ(by_row.epochs.size(), 1U);
  EXPECT_EQ(by_row.epochs.at(kWebEpoch).boot.str(), "boot-a");
  const Loaded by_name = ledger().load({}, epochs, totals).value();
  ASSERT_EQ(by_name.epochs.size(), 1U);
  EXPECT_EQ(by_name.epochs.at(kWebEpoch).labels, kLabels);
  ASSERT_EQ(by_name.totals.size(), 1U);
  EXPECT_EQ(by_name.totals.at(total_of(kWeb)), Int128{210});
}

TEST_P(LedgerContract, TotalsHave128BitsAndMayBeNegative) {
  given(1);
  const Int128 great = (Int128{1} << 126) - 1 + (Int128{1} << 126);
  for (const Int128 value : {great, -great, Int128{-1}, Int128{1} << 64}) {
    WriteSet write;
    write.totals = {{total_of(kWeb), value}};
    ASSERT_TRUE(commit(write));
    EXPECT_EQ(ledger().totals(kWeb).value().at(total_of(kWeb)), value);
  }
}

TEST_P(LedgerContract, ATotalOfZeroIsRemoved) {
  given(1);
  WriteSet write;
  write.totals = {{total_of(kWeb), 0}};
  ASSERT_TRUE(commit(write));
  EXPECT_TRUE(ledger().totals(kWeb).value().empty());
}

TEST_P(LedgerContract, ReplacingTotalsLeavesNoneOfTheOldOnesAndNamesTheSegments) {
  given(2);
  TotalKey later = total_of(kWeb);
  later.segment = slot(4);
  TotalKey gone = total_of(kWeb);
  gone.segment = slot(8);
  ASSERT_TRUE(ledger().replace_totals({{later, 7}, {gone, 0}}, "segments-2", {}));
  EXPECT_EQ(ledger().totals(kWeb).value(), (Totals{{later, 7}}));
  EXPECT_EQ(ledger().facts().value().segments_digest, "segments-2");
  later.meter = {77};
  const std::string before = state();
  EXPECT_FALSE(ledger().replace_totals({{later, 7}}, "segments-3", {}));
  EXPECT_EQ(state(), before);
}

TEST_P(LedgerContract, RowsComeInSlotOrderWithinTheRange) {
  given(1);
  WriteSet write;
  for (const std::int64_t index : {7, 2, 5, 3, 6})
    write.rows[{kWeb, slot(index)}] = row(kWebEpoch, index);
  ASSERT_TRUE(commit(write));
  std::vector<std::int64_t> seen;
  ASSERT_TRUE(ledger().rows(kWeb, {slot(2), slot(7)}, [&](Slot at, const UsageRow& found) {
    EXPECT_EQ(found, row(kWebEpoch, at.since(slot())));
    seen.push_back(at.since(slot()));
    return Result<void>(ok());
  }));
  EXPECT_THAT(seen, testing::ElementsAre(2, 3, 5, 6));
}

TEST_P(LedgerContract, AWalkOverRowsEndsWithItsFirstFailure) {
  given(2);
  int seen = 0;
  const auto walked = ledger().rows(kWeb, {slot(), slot(9)}, [&](Slot, const UsageRow&) {
    ++seen;
    return Result<void>(fail(Code::kOverflow, "sum overflows"));
  });
  ASSERT_FALSE(walked);
  EXPECT_EQ(walked.error().code, Code::kOverflow);
  EXPECT_EQ(seen, 1);
  EXPECT_TRUE(commit(batch(3)));
}

TEST_P(LedgerContract, HoldsOfAMachineAreReplacedWhole) {
  given(2);
  EXPECT_EQ(ledger().holds(kWeb).value(), (Holds{{kWebEpoch, {slot(1), {}}}}));
  EXPECT_EQ(ledger().all_holds().value().size(), 1U);
  WriteSet write;
  write.holds = {{kWeb, {{kWebEpoch, {slot(), slot(1)}}}}};
  ASSERT_TRUE(commit(write));
  EXPECT_EQ(ledger().holds(kWeb).value(), (Holds{{kWebEpoch, {slot(), slot(1)}}}));
  write.holds = {{kWeb, {}}};
  ASSERT_TRUE(commit(write));
  EXPECT_TRUE(ledger().all_holds().value().empty());
}

TEST_P(LedgerContract, UsageEventsAreKnownUntilTheirTimeIsForgotten) {
  given(2);
  const std::vector<EventKey> keys{{"app", "event-1"}, {"app", "event-2"}, {"other", "event-1"}};
  EXPECT_EQ(ledger().known_events(keys).value(), (std::vector<EventKey>{{"app", "event-1"}}));
  ASSERT_TRUE(ledger().maintain({slot(1).start().us + 2 * kHourUs}));
  EXPECT_EQ(ledger().known_events(keys).value().size(), 1U);
  EXPECT_FALSE(ledger().facts().value().ids_forgotten_before);
  ASSERT_TRUE(ledger().maintain({slot(1).start().us + 3 * kHourUs}));
  EXPECT_TRUE(ledger().known_events(keys).value().empty());
  const auto before = ledger().facts().value().ids_forgotten_before;
  ASSERT_TRUE(before);
  EXPECT_GT(*before, slot(1).start());
  // A clock that was set back does not make forgotten ids new again.
  WriteSet older;
  older.event_ids = {{{"app", "event-3"}, {slot().start().us - 4 * kHourUs}}};
  ASSERT_TRUE(commit(older));
  ASSERT_TRUE(ledger().maintain(slot().start()));
  EXPECT_EQ(ledger().facts().value().ids_forgotten_before, before);
}

TEST_P(LedgerContract, AnIdThatIsGoneIsOlderThanTheLedgerSays) {
  const std::int64_t first_us = slot().start().us;
  WriteSet write;
  for (std::int64_t i = 0; i < 8; ++i)
    write.event_ids.push_back({{"app", std::to_string(i)}, {first_us + i * kHourUs / 2}});
  ASSERT_TRUE(commit(write));
  ASSERT_TRUE(ledger().maintain({first_us + 4 * kHourUs}));
  const auto before = ledger().facts().value().ids_forgotten_before;
  ASSERT_TRUE(before);
  std::size_t gone = 0;
  for (const auto& [key, at] : write.event_ids) {
    const bool is_known = !ledger().known_events(std::vector{key}).value().empty();
    EXPECT_TRUE(is_known || at < *before) << key.id;
    gone += is_known ? 0 : 1;
  }
  EXPECT_GT(gone, 0U);
  EXPECT_LT(gone, write.event_ids.size());
}

TEST_P(LedgerContract, EvidenceIsFoundByBatchUntilItsTimeIsOver) {
  given(3);
  EXPECT_EQ(ledger().facts().value().evidence_forgotten, std::nullopt);
  const auto items = evidence_items(ledger(), 2).value();
  ASSERT_EQ(items.size(), 2U);
  EXPECT_EQ(items[1].delivery, delivery("third"));
  EXPECT_EQ(items[1].position, (Position{0, 9}));
  EXPECT_EQ(evidence_items(ledger(), 3).error().code, Code::kNotFound);
  ASSERT_TRUE(ledger().maintain({slot(1).start().us + 4 * kHourUs}));
  EXPECT_EQ(evidence_items(ledger(), 2).error().code, Code::kNotFound);
  EXPECT_EQ(ledger().facts().value().evidence_forgotten, slot(2).start());
}

TEST_P(LedgerContract, EvidenceIsFoundByTheRowsThatItsBatchTouched) {
  given(3);
  const auto batches = [&](const std::vector<RowKey>& rows, std::int64_t from = 0,
                           std::size_t limit = 10) {
    std::vector<std::int64_t> numbers;
    const auto all = ledger().evidence_of(rows, from, limit).value();
    for (const EvidenceBatch& found : all) {
      EXPECT_EQ(found.at, slot(static_cast<std::int64_t>(found.batch)).start());
      EXPECT_GT(found.raw_bytes, 0);
      numbers.push_back(found.batch);
    }
    return numbers;
  };
  EXPECT_THAT(batches({{kWeb, slot()}}), ElementsAre(1, 2));
  EXPECT_THAT(batches({{kWeb, slot(1)}}), ElementsAre(2));
  EXPECT_THAT(batches({{kLab, slot(1)}}), IsEmpty()) << "batch 3 has no evidence";
  EXPECT_THAT(batches({{kLab, slot(1)}, {kWeb, slot()}}), ElementsAre(1, 2));
  EXPECT_THAT(batches({{kWeb, slot(2)}}), IsEmpty());
  EXPECT_THAT(batches({{kWeb, slot()}}, 2), ElementsAre(2));
  EXPECT_THAT(batches({{kWeb, slot()}}, 0, 1), ElementsAre(1));
  EXPECT_THAT(batches({{kWeb, slot()}}, 3), IsEmpty());
}

TEST_P(LedgerContract, AFailureEndsTheWalkOverEvidence) {
  given(2);
  int seen = 0;
  const auto walked = ledger().evidence(2, [&](EvidenceItem&&) -> Result<void> {
    ++seen;
    return fail(Code::kUnavailable, "enough");
  });
  EXPECT_EQ(walked.error().code, Code::kUnavailable);
  EXPECT_EQ(seen, 1);
  EXPECT_EQ(evidence_items(ledger(), 2).value().size(), 2U);
}

TEST_P(LedgerContract, RecentSamplesAreTheNewestThousand) {
  given(1);
  WriteSet write;
  for (int i = 0; i < 1'500; ++i) write.recent.push_back(sample(kWeb, i, std::to_string(i)));
  ASSERT_TRUE(commit(write));
  write.recent = {sample(kWeb, 1'500, "newest")};
  ASSERT_TRUE(commit(write));
  const auto all = ledger().recent(5'000).value();
  ASSERT_EQ(all.size(), kRecentMax);
  EXPECT_EQ(all.front().cpu_usage, "newest");
  EXPECT_EQ(all.back().at.us, 501);
  EXPECT_EQ(ledger().recent(2).value().size(), 2U);
}

TEST_P(LedgerContract, AnEditedPriceVersionIsNotOverwritten) {
  claim();
  std::vector<PriceVersionUse> prices{{"cpu", "core_hour", "machine", "", "aa"},
                                      {"memory", "gib_hour", "machine", "", "bb"}};
  uses(prices);
  uses(prices);
  prices[0].digest = "cc";
  uses(prices);
  ASSERT_EQ(ledger().price_versions().value().size(), 2U);
  EXPECT_EQ(ledger().price_versions().value()[0].digest, "aa");
  prices[0].from = "2026-12-01T00:00:00Z";
  uses(prices);
  EXPECT_EQ(ledger().price_versions().value().size(), 3U);
}

TEST_P(LedgerContract, PricesAreRememberedWithWhatTheyPriceOrNotAtAll) {
  given(1);
  const std::vector<PriceVersionUse> prices{{"cpu", "core_hour", "machine", "", "aa"}};
  WriteSet write = batch(2);
  write.prices = prices;
  EXPECT_EQ(ledger().commit(write, {{kKafka, fence() - 1}}).value(), CommitOutcome::kFenced);
  WriteSet unknown_meter = write;
  TotalKey key = total_of(kWeb);
  key.meter = {77};
  unknown_meter.totals[key] = 1;
  refuses(unknown_meter, Code::kInvalid);
  EXPECT_FALSE(ledger().replace_totals({{key, 1}}, "segments-2", prices));
  EXPECT_TRUE(ledger().price_versions().value().empty());
  ASSERT_EQ(commit(write).value(), CommitOutcome::kCommitted);
  EXPECT_EQ(ledger().price_versions().value().size(), 1U);
}

TEST_P(LedgerContract, DecisionsAndReplacedTotalsRememberPricesToo) {
  given(2);
  const auto version = [](const char* meter) {
    return PriceVersionUse{meter, "unit", "machine", "", "aa"};
  };
  WriteSet effects;
  effects.prices = {version("a")};
  ASSERT_TRUE(ledger().decide(kWeb, BootId("boot-a"), {Decision::kKeep, {}}, effects));
  effects.prices = {version("b")};
  ASSERT_TRUE(ledger().settle_quarantine(1, QuarantineState::kDiscarded, effects));
  const std::vector<PriceVersionUse> replaced{version("c")};
  ASSERT_TRUE(ledger().replace_totals({}, "segments-2", replaced));
  EXPECT_EQ(ledger().price_versions().value().size(), 3U);
}

TEST_P(LedgerContract, ADecisionIsStoredWithItsEffects) {
  given(2);
  WriteSet effects;
  effects.totals = {{total_of(kWeb), 5}};
  effects.holds = {{kWeb, {}}};
  ASSERT_TRUE(ledger().decide(kWeb, BootId("boot-a"), {Decision::kKeep, {}}, effects));
  EXPECT_EQ(ledger().decisions(kWeb).value().at(BootId("boot-a")).decision, Decision::kKeep);
  EXPECT_EQ(ledger().totals(kWeb).value().at(total_of(kWeb)), Int128{5});
  EXPECT_EQ(ledger().facts().value().commits, 3);
  WriteSet rename;
  rename.added.machines = {{kLab, MachineId("lab-2")}};
  ASSERT_TRUE(ledger().decide(kWeb, BootId("boot-a"), {Decision::kRename, kLab}, rename));
  EXPECT_EQ(ledger().decisions(kWeb).value().at(BootId("boot-a")),
            (BootDecision{Decision::kRename, kLab}));
  ASSERT_TRUE(ledger().decide(kWeb, BootId(), {Decision::kSum, {}}, {}));
  EXPECT_EQ(ledger().decisions(kWeb).value().size(), 2U);
}

TEST_P(LedgerContract, ANameWithNeitherSlotsNorEpochsOfItsOwnIsNoMachine) {
  given(1);
  const MachineFacts web = ledger().machines().value().at(kWeb);
  const auto with = [](MachineFacts facts, MachineKey key, const char* name) {
    facts.key = key;
    facts.name = MachineId(name);
    return std::pair(key, facts);
  };
  const MachineFacts none;
  WriteSet renamed;
  renamed.added.machines = {{kLab, MachineId("lab-2")}};
  renamed.machines = {with(none, kWeb, "web-1"), with(web, kLab, "lab-2")};
  ASSERT_TRUE(ledger().decide(kWeb, BootId("boot-a"), {Decision::kRename, kLab}, renamed));
  EXPECT_EQ(ledger().machines().value(), renamed.machines) << "an epoch of one, the other's slots";
  WriteSet back;
  back.machines = {with(web, kWeb, "web-1"), with(none, kLab, "lab-2")};
  ASSERT_TRUE(ledger().decide(kWeb, BootId("boot-a"), {Decision::kKeep, {}}, back));
  for (int opened = 0; opened < 2; ++opened) {
    EXPECT_EQ(ledger().machines().value(), (std::map{std::pair(kWeb, web)}));
    EXPECT_EQ(reader()->machines().value(), ledger().machines().value());
    EXPECT_TRUE(ledger().dictionary().value().machines.contains(kLab)) << "its number stays";
    reopen();
  }
}

TEST_P(LedgerContract, MachinesThatWereNotSeenLatelyAreSilent) {
  given(1);
  const MachineFacts web = ledger().machines().value().at(kWeb);
  const UtcTime later{web.seen.at.us + 1};
  EXPECT_EQ(ledger().silent(web.seen.at).value(), std::vector<MachineId>());
  EXPECT_EQ(ledger().retired_seen(web.seen.at).value(), std::vector<RetiredMachine>());
  EXPECT_EQ(ledger().silent(later).value(), std::vector{web.name});
  WriteSet write;
  write.machines = {{kWeb, web}};
  write.machines.at(kWeb).retired = later;
  ASSERT_EQ(commit(write).value(), CommitOutcome::kCommitted);
  EXPECT_EQ(ledger().silent(later).value(), std::vector<MachineId>()) << "it is retired";
  const std::vector<RetiredMachine> retired{{web.name, later, web.seen.at}};
  EXPECT_EQ(ledger().retired_seen(web.seen.at).value(), retired);
  EXPECT_EQ(ledger().retired_seen(later).value(), std::vector<RetiredMachine>());
  MachineFacts renamed;
  renamed.key = kWeb;
  renamed.name = web.name;
  renamed.seen = web.seen;
  write.machines.at(kWeb) = renamed;
  ASSERT_EQ(commit(write).value(), CommitOutcome::kCommitted);
  EXPECT_EQ(ledger().silent(later).value(), std::vector<MachineId>())
      << "all its boots are renamed";
}

TEST_P(LedgerContract, ADecisionThatFailsChangesNothing) {
  given(1);
  const std::string before = state();
  WriteSet effects;
  effects.totals = {{total_of(kWeb), 5}};
  EXPECT_FALSE(ledger().decide(kWeb, BootId("b"), {Decision::kRename, MachineKey{9}}, effects));
  EXPECT_FALSE(ledger().decide(MachineKey{9}, BootId("b"), {Decision::kKeep, {}}, effects));
  effects.counts = {{kKafka, {.applied = 1}}};
  EXPECT_EQ(ledger().decide(kWeb, BootId("b"), {}, effects).error().code, Code::kInvalid);
  EXPECT_EQ(ledger().settle_quarantine(1, QuarantineState::kDiscarded, effects).error().code,
            Code::kInvalid);
  EXPECT_EQ(state(), before);
}

TEST_P(LedgerContract, OfAReadingOnlyTheGreatestIsKeptPerReasonWithACount) {
  given(1);
  quarantine(refused("key", 5, "five"));
  QuarantineItem smaller = refused("key", 4, "four");
  smaller.first_at = smaller.last_at = slot(9).start();
  quarantine(smaller);
  QuarantineItem item = ledger().quarantine_item(1).value();
  EXPECT_EQ(item.delivery->value, "five");
  EXPECT_EQ(item.count, 2);
  EXPECT_EQ(item.first_at, slot().start());
  EXPECT_EQ(item.last_at, slot(9).start());
  QuarantineItem greater = refused("key", 6, "the six");
  greater.position.offset = 99;
  quarantine(greater);
  item = ledger().quarantine_item(1).value();
  EXPECT_EQ(item.delivery->value, "the six");
  EXPECT_EQ(item.value_bytes, 7);
  EXPECT_EQ(item.position.offset, 99);
  EXPECT_EQ(item.count, 3);
  EXPECT_EQ(item.last_at, slot(9).start());
  QuarantineItem reason = refused("key", 9, "nine");
  reason.rejection.reason = Reason::kOverflow;
  quarantine(reason);
  quarantine(refused("", 1, "each"));
  quarantine(refused("", 1, "each"));
  EXPECT_EQ(ledger().quarantine(0, 100).value().size(), 4U);
  EXPECT_EQ(ledger().quarantine_counts().value().at(QuarantineState::kHeld), 6);
}

TEST_P(LedgerContract, QuarantineIsListedNewestFirstInPages) {
  given(1);
  for (int i = 0; i < 5; ++i) quarantine(refused("", 0, std::to_string(i)));
  const auto page = ledger().quarantine(0, 2).value();
  ASSERT_EQ(page.size(), 2U);
  EXPECT_EQ(page[0].delivery->value, "4");
  const auto next = ledger().quarantine(page[1].id, 2).value();
  ASSERT_EQ(next.size(), 2U);
  EXPECT_EQ(next[0].delivery->value, "2");
  EXPECT_EQ(ledger().quarantine_item(1'000).error().code, Code::kNotFound);
}

TEST_P(LedgerContract, QuarantineOfOneMachineIsListedInPagesToo) {
  given(1);
  for (int i = 0; i < 6; ++i) {
    QuarantineItem item = refused("", 0, std::to_string(i));
    item.machine = i % 2 == 0 ? "web-1" : "web-2";
    quarantine(item);
  }
  const auto page = ledger().quarantine(0, 2, "web-1").value();
  ASSERT_EQ(page.size(), 2U);
  EXPECT_EQ(page[0].delivery->value, "4");
  EXPECT_EQ(page[1].delivery->value, "2");
  const auto next = ledger().quarantine(page[1].id, 2, "web-1").value();
  ASSERT_EQ(next.size(), 1U);
  EXPECT_EQ(next[0].delivery->value, "0");
  EXPECT_TRUE(ledger().quarantine(0, 2, "web-3").value().empty());
}

TEST_P(LedgerContract, QuarantineKeepsTheExactBytesAndTheirDigest) {
  given(1);
  QuarantineItem item = refused("", 0, std::string("abc"));
  item.machine = "\xff<b>";
  Delivery keyed = *item.delivery;
  keyed.key = std::string("k\0y", 3);
  item.delivery = std::make_shared<const Delivery>(keyed);
  quarantine(item);
  const QuarantineItem kept = ledger().quarantine_item(1).value();
  EXPECT_EQ(*kept.delivery, keyed);
  EXPECT_EQ(kept.machine, item.machine);
  EXPECT_EQ(kept.value_bytes, 3);
  // SHA-256 of "abc": FIPS 180-2, appendix B.1.
  EXPECT_EQ(kept.value_digest[0], 0xba);
  EXPECT_EQ(kept.value_digest[31], 0xad);
  EXPECT_FALSE(kept.ordinal);
}

TEST_P(LedgerContract, ASettledItemIsCountedBesideAndNotSettledTwice) {
  given(1);
  quarantine(refused("key", 5, "five"));
  quarantine(refused("key", 5, "five"));
  quarantine(refused("", 0, "nonsense"));
  WriteSet effects;
  effects.totals = {{total_of(kWeb), 105}};
  ASSERT_TRUE(ledger().settle_quarantine(1, QuarantineState::kReleased, effects));
  EXPECT_EQ(ledger().totals(kWeb).value().at(total_of(kWeb)), Int128{105});
  EXPECT_EQ(ledger().quarantine_item(1).value().state, QuarantineState::kReleased);
  const std::string before = state();
  const auto again = ledger().settle_quarantine(1, QuarantineState::kDiscarded, effects);
  EXPECT_EQ(again.error().code, Code::kRefused);
  EXPECT_EQ(ledger().settle_quarantine(9, QuarantineState::kReleased, {}).error().code,
            Code::kNotFound);
  EXPECT_EQ(state(), before);
  ASSERT_TRUE(ledger().settle_quarantine(2, QuarantineState::kDiscarded, {}));
  const std::map<QuarantineState, std::int64_t> counts{{QuarantineState::kHeld, 0},
                                                       {QuarantineState::kReleased, 2},
                                                       {QuarantineState::kDiscarded, 1}};
  EXPECT_EQ(ledger().quarantine_counts().value(), counts);
}

TEST_P(LedgerContract, AReadingSettledBeforeIsHeldAnewWhenItComesAgain) {
  given(1);
  quarantine(refused("key", 5, "five"));
  ASSERT_TRUE(ledger().settle_quarantine(1, QuarantineState::kDiscarded, {}));
  quarantine(refused("key", 5, "five"));
  EXPECT_EQ(ledger().quarantine_item(1).value().state, QuarantineState::kDiscarded);
  EXPECT_EQ(ledger().quarantine_item(2).value().state, QuarantineState::kHeld);
}

TEST_P(LedgerContract, QuarantinePastItsLimitIsShortenedAndPastTwiceThatCounted) {
  given(1);
  const std::string big(9'000, 'x');
  for (int i = 0; i < 20; ++i) quarantine(refused("", 0, big));
  const auto items = ledger().quarantine(0, 100).value();
  ASSERT_LT(items.size(), 10U);
  EXPECT_TRUE(items.back().releasable);
  EXPECT_EQ(items.back().delivery->value, big);
  const QuarantineItem& last = items.front();
  EXPECT_FALSE(last.releasable);
  EXPECT_EQ(last.delivery->value, big.substr(0, kQuarantineBytesShort));
  EXPECT_EQ(last.value_bytes, 9'000);
  EXPECT_EQ(last.value_digest, items.back().value_digest);
  const auto refusal = ledger().settle_quarantine(last.id, QuarantineState::kReleased, {});
  EXPECT_EQ(refusal.error().code, Code::kRefused);
  const LedgerFacts facts = ledger().facts().value();
  EXPECT_LE(facts.quarantine_bytes, 2 * small_limits().quarantine_bytes_max);
  EXPECT_EQ(facts.quarantine_not_kept, 20 - static_cast<std::int64_t>(items.size()));
  EXPECT_EQ(ledger().quarantine_counts().value().at(QuarantineState::kHeld), 20);
}

TEST_P(LedgerContract, SettledItemsMakeRoomOldestFirst) {
  given(1);
  for (int i = 0; i < 4; ++i) quarantine(refused("", 0, std::string(9'000, 'x')));
  for (const std::int64_t id : {1, 2})
    ASSERT_TRUE(ledger().settle_quarantine(id, QuarantineState::kDiscarded, {}));
  ASSERT_GT(ledger().facts().value().quarantine_bytes, small_limits().quarantine_bytes_max);
  ASSERT_TRUE(ledger().maintain(slot().start()));
  EXPECT_EQ(ledger().quarantine_item(1).error().code, Code::kNotFound);
  EXPECT_TRUE(ledger().quarantine_item(2));
  EXPECT_LE(ledger().facts().value().quarantine_bytes, small_limits().quarantine_bytes_max);
  EXPECT_EQ(ledger().quarantine_counts().value().at(QuarantineState::kDiscarded), 2);
}

TEST_P(LedgerContract, ASnapshotIsOfOneCommitUntilItEnds) {
  given(1);
  const auto reading = reader();
  const std::string before = dump(*reading);
  {
    const auto outer = reading->snapshot();
    ASSERT_TRUE(outer) << outer.error().message;
    ASSERT_EQ(commit(batch(2)).value(), CommitOutcome::kCommitted);
    EXPECT_EQ(dump(*reading), before);
    { EXPECT_TRUE(reading->snapshot()); }
    EXPECT_EQ(dump(*reading), before) << "the inner one has ended, the outer one goes on";
  }
  EXPECT_EQ(dump(*reading), state());
}

TEST_P(LedgerContract, ASnapshotIsOfTheMomentItBegins) {
  given(1);
  const auto reading = reader();
  const std::string before = dump(*reading);
  const auto snapshot = reading->snapshot();
  ASSERT_EQ(commit(batch(2)).value(), CommitOutcome::kCommitted);
  EXPECT_EQ(dump(*reading), before) << "and not of the first read";
}

TEST_P(LedgerContract, ABackupIsTheStateItBeganWithWhateverIsCommittedMeanwhile) {
  given(2);
  const std::string began = state();
  const std::int64_t commits = ledger().facts().value().commits;
  int told = 0;
  std::int64_t copied = 0;
  const auto made =
      ledger().backup(host().backup_path(), {}, [&](std::int64_t done, std::int64_t all) {
        EXPECT_LE(done, all);
        copied = all - done;
        if (++told > 1) return;
        EXPECT_EQ(commit(batch(3)).value(), CommitOutcome::kCommitted);
      });
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made.value().commits, commits);
  EXPECT_GT(made.value().bytes, 0);
  EXPECT_GT(told, 0);
  EXPECT_EQ(copied, 0) << "all was told at the end";
  EXPECT_EQ(host().backed_up(), began);
  EXPECT_NE(state(), began);
}

TEST_P(LedgerContract, ABackupDoesNotOverwrite) {
  given(1);
  ASSERT_TRUE(ledger().backup(host().backup_path(), {}, {}));
  const std::string first = host().backed_up();
  ASSERT_EQ(commit(batch(2)).value(), CommitOutcome::kCommitted);
  EXPECT_EQ(ledger().backup(host().backup_path(), {}, {}).error().code, Code::kConflict);
  EXPECT_EQ(host().backed_up(), first);
}

TEST_P(LedgerContract, AStoppedBackupLeavesNothing) {
  given(2);
  for (const bool at_once : {true, false}) {
    std::stop_source stop;
    if (at_once) stop.request_stop();
    const auto made = ledger().backup(host().backup_path(), stop.get_token(),
                                      [&](std::int64_t, std::int64_t) { stop.request_stop(); });
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, Code::kUnavailable);
    EXPECT_EQ(host().backed_up(), "");
  }
  EXPECT_TRUE(ledger().backup(host().backup_path(), {}, {})) << "and is in no later one's way";
}

TEST_P(LedgerContract, WhenABackupWasMadeIsKeptAndIsNoCommit) {
  given(1);
  const LedgerFacts before = ledger().facts().value();
  EXPECT_FALSE(before.last_backup);
  ASSERT_TRUE(ledger().remember_backup(slot(4).start()));
  reopen();
  EXPECT_EQ(ledger().facts().value().last_backup, slot(4).start());
  EXPECT_EQ(ledger().facts().value().commits, before.commits);
}

class MemoryHost final : public LedgerHost {
 public:
  explicit MemoryHost(const LedgerLimits& limits)
      : limits_(limits), ledger_(std::make_unique<MemoryLedger>(limits)) {}
  LedgerStore& ledger() override { return *ledger_; }
  std::unique_ptr<LedgerReader> reader() override {
    return std::make_unique<MemoryLedger>(ledger_->state(), limits_);
  }
  void reopen() override { ledger_ = std::make_unique<MemoryLedger>(ledger_->state(), limits_); }
  std::string backup_path() override { return "copy"; }
  std::string backed_up() override {
    const auto kept = ledger_->backup_at("copy");
    if (kept == nullptr) return "";
    MemoryLedger copy(kept, limits_);
    return dump(copy);
  }

 private:
  LedgerLimits limits_;
  std::unique_ptr<MemoryLedger> ledger_;
};

class SqliteHost final : public LedgerHost {
 public:
  explicit SqliteHost(const LedgerLimits& limits) : limits_(limits) { reopen(); }
  LedgerStore& ledger() override { return *ledger_; }
  std::unique_ptr<LedgerReader> reader() override {
    return SqliteLedgerReader::open((folder_.path() / "ledger.db").string()).value();
  }
  void reopen() override {
    ledger_.reset();
    auto opened = SqliteLedger::open((folder_.path() / "ledger.db").string(), limits_, clock_);
    ASSERT_TRUE(opened) << opened.error().message;
    ledger_ = std::move(opened).value();
  }
  std::string backup_path() override { return (folder_.path() / "copy.db").string(); }
  std::string backed_up() override {
    if (!std::filesystem::exists(backup_path())) return "";
    return dump(*SqliteLedgerReader::open(backup_path()).value());
  }

 private:
  LedgerLimits limits_;
  TempDir folder_;
  SystemClock clock_;
  std::unique_ptr<SqliteLedger> ledger_;
};

template <class Host>
LedgerKind kind(const char* name) {
  return {name, [](const LedgerLimits& limits) { return std::make_unique<Host>(limits); }};
}

INSTANTIATE_TEST_SUITE_P(Ledgers, LedgerContract,
                         testing::Values(kind<MemoryHost>("Memory"), kind<SqliteHost>("Sqlite")),
                         [](const auto& param) { return param.param.name; });

}  // namespace
}  // namespace meterbill
