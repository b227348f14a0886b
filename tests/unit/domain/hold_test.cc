#include "domain/hold.h"

#include <gtest/gtest.h>

#include <vector>

namespace meterbill {
namespace {

constexpr std::int64_t kSecond = 1'000'000;
const Slot kSlot = Slot::parse("2026-11-22T10:15:00Z").value();

/// One epoch of a slot, in seconds: its boot, the boot-clock interval, and how its time was spent.
struct Part {
  const char* boot;
  std::int64_t from, to, metered, estimated = 0, off = 0;
};

/// Epochs are numbered from 1 in the order of `parts`.
UsageRow row_of(const std::vector<Part>& parts) {
  UsageRow row;
  std::int64_t epoch = 0;
  for (const Part& part : parts)
    row.by_epoch[EpochKey{++epoch}].cover = Cover{.from_us = part.from * kSecond,
                                                  .to_us = part.to * kSecond,
                                                  .metered_us = part.metered * kSecond,
                                                  .estimated_us = part.estimated * kSecond,
                                                  .off_us = part.off * kSecond};
  return row;
}

/// Boots by epoch number; what is not listed is a pseudo-epoch.
class Boots {
 public:
  explicit Boots(const std::vector<Part>& parts) {
    for (const Part& part : parts) boots_.emplace_back(part.boot);
  }
  const BootId& operator()(EpochKey epoch) const {
    static const BootId kNone;
    const auto index = static_cast<std::size_t>(epoch.value - 1);
    return index < boots_.size() ? boots_[index] : kNone;
  }

 private:
  std::vector<BootId> boots_;
};

std::set<EpochKey> epochs(const std::vector<std::int64_t>& numbers) {
  std::set<EpochKey> keys;
  for (const std::int64_t number : numbers) keys.insert(EpochKey{number});
  return keys;
}

Decisions decided(const char* boot, Decision decision) {
  return {{BootId(boot), {.decision = decision, .renamed_to = {}}}};
}

struct ConflictCase {
  const char* name;
  std::vector<Part> parts;
  std::vector<std::int64_t> bound;
  Decisions decisions = {};
};
void PrintTo(const ConflictCase& row, std::ostream* out) { *out << row.name; }

class ConflictTest : public testing::TestWithParam<ConflictCase> {};

TEST_P(ConflictTest, BindsWhatCannotAllBeTrue) {
  const ConflictCase& row = GetParam();
  std::set<EpochKey> bound;
  for (const auto& [one, other] : conflicting(row_of(row.parts), Boots(row.parts), row.decisions)) {
    bound.insert(one);
    bound.insert(other);
  }
  EXPECT_EQ(bound, epochs(row.bound));
}

INSTANTIATE_TEST_SUITE_P(
    SameBoot, ConflictTest,
    testing::Values(
        ConflictCase{"one_epoch", {{"a", 0, 900, 900}}, {}},
        ConflictCase{"restart_touches", {{"a", 0, 400, 400}, {"a", 400, 900, 500}}, {}},
        ConflictCase{"overlap_of_a_second", {{"a", 0, 401, 401}, {"a", 400, 900, 500}}, {1, 2}},
        ConflictCase{"one_inside_the_other", {{"a", 0, 900, 9}, {"a", 300, 310, 1}}, {1, 2}},
        ConflictCase{"same_interval", {{"a", 5, 9, 4}, {"a", 5, 9, 4}}, {1, 2}},
        ConflictCase{"empty_interval_overlaps_nothing", {{"a", 0, 9, 9}, {"a", 5, 5, 0}}, {}},
        ConflictCase{"only_those_that_overlap",
                     {{"a", 0, 10, 10}, {"a", 5, 15, 10}, {"a", 20, 30, 10}},
                     {1, 2}},
        ConflictCase{"clock_set_back_is_billed_above_900_s",
                     {{"a", 0, 800, 800}, {"a", 800, 1500, 700}},
                     {}},
        ConflictCase{"thirty_restarts",
                     [] {
                       std::vector<Part> parts;
                       for (std::int64_t i = 0; i < 30; ++i)
                         parts.push_back({"a", i * 30, i * 30 + 30, 25, 5});
                       return parts;
                     }(),
                     {}}),
    [](const auto& param) { return std::string(param.param.name); });

INSTANTIATE_TEST_SUITE_P(
    SeveralBoots, ConflictTest,
    testing::Values(
        ConflictCase{
            "overlap_says_nothing_across_boots", {{"a", 0, 400, 400}, {"b", 0, 500, 500}}, {}},
        ConflictCase{"slot_and_5_percent", {{"a", 0, 445, 445}, {"b", 0, 500, 500}}, {}},
        ConflictCase{"a_second_more", {{"a", 0, 446, 446}, {"b", 0, 500, 500}}, {1, 2}},
        ConflictCase{"estimated_counts", {{"a", 0, 446, 1, 445}, {"b", 0, 500, 500}}, {1, 2}},
        ConflictCase{"off_never_counts", {{"a", 0, 446, 1, 0, 9000}, {"b", 0, 500, 500}}, {}},
        ConflictCase{"all_boots_are_bound",
                     {{"a", 0, 500, 500}, {"b", 0, 500, 500}, {"c", 0, 1, 1}},
                     {1, 2, 3}},
        ConflictCase{
            "both_kinds_at_once", {{"a", 0, 10, 10}, {"a", 5, 15, 10}, {"b", 0, 30, 30}}, {1, 2}}),
    [](const auto& param) { return std::string(param.param.name); });

const std::vector<Part> kTwoMachines{{"a", 0, 900, 900}, {"b", 0, 900, 900}};

INSTANTIATE_TEST_SUITE_P(
    Decided, ConflictTest,
    testing::Values(
        ConflictCase{"nothing", kTwoMachines, {1, 2}},
        ConflictCase{"keep_leaves_it_bound", kTwoMachines, {1, 2}, decided("a", Decision::kKeep)},
        ConflictCase{"discarded_takes_no_part", kTwoMachines, {}, decided("b", Decision::kDiscard)},
        ConflictCase{"renamed_takes_no_part", kTwoMachines, {}, decided("b", Decision::kRename)},
        ConflictCase{"summed", kTwoMachines, {}, decided("", Decision::kSum)},
        ConflictCase{
            "discarding_another_boot", kTwoMachines, {1, 2}, decided("c", Decision::kDiscard)},
        ConflictCase{"the_others_still_conflict",
                     {{"a", 0, 900, 900}, {"b", 0, 900, 900}, {"c", 0, 900, 900}},
                     {1, 2},
                     decided("c", Decision::kDiscard)}),
    [](const auto& param) { return std::string(param.param.name); });

TEST(ConflictTest, PseudoEpochsAndEpochsWithoutCoverTakeNoPart) {
  const std::vector<Part> parts{{"a", 0, 900, 900}};
  UsageRow row = row_of({{"a", 0, 900, 900}, {"", 0, 900, 900}});
  row.by_epoch[EpochKey{3}].by_scope[ScopeKey{1}].used[MeterKey{1}] = 5;
  EXPECT_TRUE(conflicting(row, Boots(parts), {}).empty());
  const std::vector<Part> three{{"a", 0, 900, 900}, {"b", 0, 900, 900}, {"c", 0, 0, 0}};
  row = row_of(three);
  row.by_epoch[EpochKey{2}].cover.reset();
  EXPECT_TRUE(conflicting(row, Boots(three), {}).empty());
}

/// Two boots that share kSlot within 5 % and the next slot beyond it.
const std::vector<Part> kModest{{"a", 0, 400, 400}, {"b", 0, 500, 500}};
const std::vector<Part> kBeyond{{"a", 400, 1300, 900}, {"b", 500, 1400, 900}};

Holds found(const std::vector<std::pair<Slot, std::vector<Part>>>& rows) {
  const BootOf boot_of = Boots(kModest);
  const Decisions none;
  HoldFinder finder(boot_of, none);
  for (const auto& [slot, parts] : rows) finder.add(slot, row_of(parts));
  return finder.finish();
}

TEST(HoldFinderTest, EpochsAreHeldFromTheFirstSlotTheyShareNotTheFirstThatShowsIt) {
  const Holds want{{EpochKey{1}, {kSlot, {}}}, {EpochKey{2}, {kSlot, {}}}};
  EXPECT_EQ(found({{kSlot, kModest}, {kSlot.next(), kBeyond}}), want);
  EXPECT_EQ(found({{kSlot.next(), kBeyond}, {kSlot, kModest}}), want) << "in any order";
}

TEST(HoldFinderTest, ASlotOfOneEpochAloneIsBilled) {
  const std::vector<Part> alone{{"a", 0, 400, 400}};
  EXPECT_EQ(found({{kSlot, alone}, {kSlot.next(), kBeyond}}),
            (Holds{{EpochKey{1}, {kSlot.next(), {}}}, {EpochKey{2}, {kSlot.next(), {}}}}));
}

TEST(HoldFinderTest, WhatCanBeTrueHoldsNothing) {
  EXPECT_EQ(found({{kSlot, kModest}, {kSlot.next(), kModest}}), Holds{});
}

/// Boot b conflicts with boot c, then with boot a.
TEST(HoldsTest, KeepDiscardsOnlyWhatConflictsWithTheKeptBoot) {
  const Boots boots({{"a", 0, 0, 0}, {"b", 0, 0, 0}, {"c", 0, 0, 0}});
  const auto pair = [](std::int64_t one, std::int64_t other) {
    return EpochPair{EpochKey{one}, EpochKey{other}};
  };
  const Conflicts conflicts{{pair(1, 2), kSlot.plus(2)}, {pair(2, 3), kSlot.plus(1)}};
  const Holds kept_a = holds_of(conflicts, boots, decided("a", Decision::kKeep));
  EXPECT_EQ(kept_a, (Holds{{EpochKey{2}, {kSlot.plus(1), kSlot.plus(2)}},
                           {EpochKey{3}, {kSlot.plus(1), {}}}}));
  EXPECT_TRUE(is_in_conflict(kept_a));
  const Holds kept_b = holds_of(conflicts, boots, decided("b", Decision::kKeep));
  EXPECT_EQ(kept_b, (Holds{{EpochKey{1}, {kSlot.plus(2), kSlot.plus(2)}},
                           {EpochKey{3}, {kSlot.plus(1), kSlot.plus(1)}}}));
  EXPECT_FALSE(is_in_conflict(kept_b));
}

struct StandingCase {
  const char* name;
  std::int64_t epoch;  // 1: boot a, 2: boot b, both held from kSlot; 3: boot b, never bound
  std::int64_t slot;   // relative to kSlot
  Standing want;
  Decisions decisions = {};
};
void PrintTo(const StandingCase& row, std::ostream* out) { *out << row.name; }

class StandingTest : public testing::TestWithParam<StandingCase> {};

TEST_P(StandingTest, FollowsHoldsAndDecisions) {
  const StandingCase& row = GetParam();
  const Boots boots({{"a", 0, 0, 0}, {"b", 0, 0, 0}, {"b", 0, 0, 0}});
  const Holds holds{{EpochKey{1}, {kSlot, {}}}, {EpochKey{2}, {kSlot, kSlot.plus(2)}}};
  EXPECT_EQ(standing(EpochKey{row.epoch}, kSlot.plus(row.slot), boots, holds, row.decisions),
            row.want);
}

INSTANTIATE_TEST_SUITE_P(
    Rules, StandingTest,
    testing::Values(
        StandingCase{"before_the_first_shared_slot", 1, -1, Standing::kBilled},
        StandingCase{"first_shared_slot", 1, 0, Standing::kHeld},
        StandingCase{"every_later_slot", 1, 100, Standing::kHeld},
        StandingCase{"an_epoch_that_is_not_bound", 3, 0, Standing::kBilled},
        StandingCase{"pseudo_epoch", 9, 0, Standing::kBilled},
        StandingCase{"kept", 1, 0, Standing::kBilled, decided("a", Decision::kKeep)},
        StandingCase{"held_before_it_meets_the_kept_one", 2, 1, Standing::kHeld,
                     decided("a", Decision::kKeep)},
        StandingCase{"another_is_kept", 2, 2, Standing::kDiscarded, decided("a", Decision::kKeep)},
        StandingCase{"another_is_kept_before_the_conflict", 2, -1, Standing::kBilled,
                     decided("a", Decision::kKeep)},
        StandingCase{"discarded", 2, 0, Standing::kDiscarded, decided("b", Decision::kDiscard)},
        StandingCase{"discarded_at_any_time", 2, -1, Standing::kDiscarded,
                     decided("b", Decision::kDiscard)},
        StandingCase{"discarded_boot_is_never_billed", 3, 0, Standing::kDiscarded,
                     decided("b", Decision::kDiscard)},
        StandingCase{"renamed", 2, 0, Standing::kRenamed, decided("b", Decision::kRename)},
        StandingCase{"renamed_at_any_time", 3, -5, Standing::kRenamed,
                     decided("b", Decision::kRename)},
        StandingCase{"summed", 2, 0, Standing::kBilled, decided("", Decision::kSum)},
        StandingCase{"pseudo_epoch_when_summed", 9, 0, Standing::kBilled,
                     decided("", Decision::kSum)}),
    [](const auto& param) { return std::string(param.param.name); });

TEST(DecisionTest, TextsAreReadBack) {
  for (const Decision decision :
       {Decision::kKeep, Decision::kDiscard, Decision::kRename, Decision::kSum})
    EXPECT_EQ(parse_decision(to_string(decision)), decision);
  EXPECT_FALSE(parse_decision("Keep"));
}

struct PartsCase {
  const char* name;
  std::int64_t machine_cpu_capacity, first_cpu, second_cpu, view_cpu;
  bool complete;
  bool want;
};
void PrintTo(const PartsCase& row, std::ostream* out) { *out << row.name; }

class PartsTest : public testing::TestWithParam<PartsCase> {};

TEST_P(PartsTest, MayNotExceedTheMachine) {
  constexpr MeterKey kCpu{1}, kCapacity{2}, kUptime{3};
  const PartsCase& row = GetParam();
  EpochUsage epoch;
  epoch.scopes = row.complete ? 4 : 5;
  epoch.by_scope[ScopeKey{1}] = {
      .final = true, .used = {{kCapacity, row.machine_cpu_capacity}, {kUptime, 300 * kSecond}}};
  epoch.by_scope[ScopeKey{2}] = {.final = true, .used = {{kCpu, row.first_cpu}}};
  epoch.by_scope[ScopeKey{3}] = {.final = true, .used = {{kCpu, row.second_cpu}}};
  epoch.by_scope[ScopeKey{4}] = {.final = true, .used = {{kCpu, row.view_cpu}}};
  const auto is_view = [](ScopeKey scope) { return scope == ScopeKey{4}; };
  EXPECT_EQ(parts_exceed(epoch, ScopeKey{1}, kCpu, kCapacity, kUptime, is_view), row.want);
}

constexpr std::int64_t kLimit = 612 * kSecond + 100'000;  // of 2 cores in 300 s
INSTANTIATE_TEST_SUITE_P(
    Rules, PartsTest,
    testing::Values(PartsCase{"at_the_limit", 600 * kSecond, kLimit - 5, 5, 0, true, false},
                    PartsCase{"over_the_limit", 600 * kSecond, kLimit - 5, 6, 0, true, true},
                    PartsCase{"not_complete", 600 * kSecond, kLimit, kLimit, 0, false, false},
                    PartsCase{"views_overlap", 600 * kSecond, kLimit, 0, kLimit, true, false}),
    [](const auto& param) { return std::string(param.param.name); });

}  // namespace
}  // namespace meterbill
