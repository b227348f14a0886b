#include "domain/usage_row.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <vector>

#include "domain/hold.h"

namespace meterbill {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
constexpr EpochKey kEpoch{7};
constexpr ScopeKey kMachine{1};
constexpr ScopeKey kPart{2};
constexpr MeterKey kCpu{1};
constexpr MeterKey kMemory{2};

KeyedReading reading(ScopeKey scope, std::int64_t cpu) {
  return {.epoch = kEpoch,
          .scope = scope,
          .cover = {},
          .final = false,
          .scopes = 0,
          .used = {{kCpu, cpu}}};
}

TEST(MergeTest, TheGreatestOfEachFieldIsKept) {
  UsageRow row;
  KeyedReading first = reading(kMachine, 10);
  first.cover = Cover{.from_us = 5, .to_us = 8, .metered_us = 3, .estimated_us = 0, .off_us = 0};
  KeyedReading second = reading(kMachine, 9);
  second.cover = Cover{.from_us = 4, .to_us = 7, .metered_us = 2, .estimated_us = 1, .off_us = 6};
  second.used[kMemory] = 1;
  second.final = true;
  second.scopes = 2;
  EXPECT_EQ(merge(row, first), Outcome::kApplied);
  EXPECT_EQ(merge(row, second), Outcome::kApplied);
  const EpochUsage& epoch = row.by_epoch.at(kEpoch);
  EXPECT_EQ(epoch.cover,
            (Cover{.from_us = 4, .to_us = 8, .metered_us = 3, .estimated_us = 1, .off_us = 6}));
  EXPECT_EQ(epoch.scopes, 2);
  EXPECT_EQ(epoch.by_scope.at(kMachine),
            (ScopeUsage{.final = true, .used = {{kCpu, 10}, {kMemory, 1}}}));
}

TEST(MergeTest, WhatGrowsNothingIsRepeated) {
  UsageRow row;
  EXPECT_EQ(merge(row, reading(kMachine, 10)), Outcome::kApplied);
  EXPECT_EQ(merge(row, reading(kMachine, 10)), Outcome::kRepeated);
  EXPECT_EQ(merge(row, reading(kMachine, 9)), Outcome::kRepeated) << "a smaller total";
  EXPECT_EQ(merge(row, reading(kMachine, 11)), Outcome::kApplied);
}

TEST(MergeTest, EachFieldThatGrowsIsApplied) {
  const KeyedReading base = [] {
    KeyedReading made = reading(kMachine, 10);
    made.cover = Cover{.from_us = 5, .to_us = 8, .metered_us = 3, .estimated_us = 0, .off_us = 0};
    return made;
  }();
  const auto outcome_of = [&](auto change) {
    UsageRow row;
    merge(row, base);
    KeyedReading changed = base;
    change(changed);
    return merge(row, changed);
  };
  EXPECT_EQ(outcome_of([](KeyedReading&) {}), Outcome::kRepeated);
  EXPECT_EQ(outcome_of([](KeyedReading& r) { r.cover->from_us = 4; }), Outcome::kApplied);
  EXPECT_EQ(outcome_of([](KeyedReading& r) { r.cover->from_us = 6; }), Outcome::kRepeated);
  EXPECT_EQ(outcome_of([](KeyedReading& r) { ++r.cover->to_us; }), Outcome::kApplied);
  EXPECT_EQ(outcome_of([](KeyedReading& r) { ++r.cover->metered_us; }), Outcome::kApplied);
  EXPECT_EQ(outcome_of([](KeyedReading& r) { ++r.cover->estimated_us; }), Outcome::kApplied);
  EXPECT_EQ(outcome_of([](KeyedReading& r) { ++r.cover->off_us; }), Outcome::kApplied);
  EXPECT_EQ(outcome_of([](KeyedReading& r) { r.final = true; }), Outcome::kApplied);
  EXPECT_EQ(outcome_of([](KeyedReading& r) { r.scopes = 1; }), Outcome::kApplied);
  EXPECT_EQ(outcome_of([](KeyedReading& r) {
              r.used = {{kMemory, 0}};
            }),
            Outcome::kApplied)
      << "a meter that is there with 0 is not a missing one";
  EXPECT_EQ(outcome_of([](KeyedReading& r) { r.scope = kPart; }), Outcome::kApplied);
  EXPECT_EQ(outcome_of([](KeyedReading& r) { r.epoch = EpochKey{8}; }), Outcome::kApplied);
}

TEST(MergeTest, AnEpochIsCompleteWhenAsManyFinalReadingsCameAsItSaid) {
  UsageRow row;
  KeyedReading machine = reading(kMachine, 1);
  KeyedReading part = reading(kPart, 1);
  part.final = true;
  merge(row, part);
  EXPECT_FALSE(row.by_epoch.at(kEpoch).complete()) << "nothing said how many scopes there are";
  machine.scopes = 2;
  merge(row, machine);
  EXPECT_FALSE(row.by_epoch.at(kEpoch).complete()) << "the machine's own is not final";
  machine.final = true;
  merge(row, machine);
  EXPECT_TRUE(row.by_epoch.at(kEpoch).complete());
  part.final = false;
  part.used[kCpu] = 5;
  EXPECT_EQ(merge(row, part), Outcome::kApplied) << "final does not forbid growth";
  EXPECT_TRUE(row.by_epoch.at(kEpoch).complete()) << "nor does it go away";
}

/// What the agents of one machine send for one slot: epochs of two boots, restarts, scopes that
/// come late, totals that grow from reading to reading.
std::vector<KeyedReading> random_history(std::mt19937_64& random) {
  const auto up_to = [&](std::int64_t max) {
    return std::uniform_int_distribution<std::int64_t>(0, max)(random);
  };
  std::vector<KeyedReading> history;
  const std::int64_t epochs = 1 + up_to(3);
  for (std::int64_t epoch = 0; epoch < epochs; ++epoch) {
    const std::int64_t scopes = 1 + up_to(3);
    Cover cover{.from_us = up_to(900'000'000)};
    cover.to_us = cover.from_us;
    std::map<ScopeKey, FlatMap<MeterKey, std::int64_t>> used;
    const std::int64_t ticks = 1 + up_to(4);
    for (std::int64_t tick = 1; tick <= ticks; ++tick) {
      cover.to_us += up_to(200'000'000);
      cover.metered_us += up_to(200'000'000);
      cover.estimated_us += up_to(50'000'000);
      cover.off_us += up_to(50'000'000);
      for (std::int64_t scope = 1; scope <= scopes; ++scope) {
        for (std::int64_t meter = 1; meter <= 1 + up_to(2); ++meter)
          used[ScopeKey{scope}][MeterKey{meter}] += up_to(1'000);
        const bool is_machine = scope == 1;
        history.push_back({.epoch = EpochKey{epoch + 1},
                           .scope = ScopeKey{scope},
                           .cover = is_machine ? std::optional(cover) : std::nullopt,
                           .final = tick == ticks,
                           .scopes = is_machine && tick == ticks ? scopes : 0,
                           .used = used[ScopeKey{scope}]});
      }
    }
  }
  return history;
}

UsageRow row_of(const std::vector<KeyedReading>& readings) {
  UsageRow row;
  for (const KeyedReading& each : readings) merge(row, each);
  return row;
}

std::set<EpochPair> conflicts_of(const UsageRow& row) {
  const BootId a("a");
  const BootId b("b");
  return conflicting(
      row, [&](EpochKey epoch) -> const BootId& { return epoch.value % 2 == 0 ? a : b; }, {});
}

TEST(MergeTest, EveryOrderAndRepetitionGivesTheSameRowAndTheSameConflicts) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    std::mt19937_64 random(seed);
    std::vector<KeyedReading> readings = random_history(random);
    const UsageRow want = row_of(readings);
    for (int round = 0; round < 5; ++round) {
      std::vector<KeyedReading> delivered = readings;
      for (const KeyedReading& each : readings)
        if (random() % 3 == 0) delivered.push_back(each);
      std::ranges::shuffle(delivered, random);
      const UsageRow got = row_of(delivered);
      ASSERT_EQ(got, want) << "seed " << seed;
      ASSERT_EQ(conflicts_of(got), conflicts_of(want)) << "seed " << seed;
    }
  }
}

TEST(MergeTest, EveryPermutationOfAFewReadingsGivesTheSameRow) {
  std::mt19937_64 random(4711);
  for (int history = 0; history < 40; ++history) {
    std::vector<KeyedReading> readings = random_history(random);
    readings.resize(std::min<std::size_t>(readings.size(), 5));
    const UsageRow want = row_of(readings);
    std::vector<std::size_t> order(readings.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    do {
      UsageRow row;
      for (const std::size_t i : order) merge(row, readings[i]);
      ASSERT_EQ(row, want);
    } while (std::ranges::next_permutation(order).found);
  }
}

TEST(MergeTest, LossIsHealedByTheLastReadingOfEachScope) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    std::mt19937_64 random(seed);
    const std::vector<KeyedReading> readings = random_history(random);
    std::vector<KeyedReading> arrived;
    for (const KeyedReading& each : readings)
      if (each.final || random() % 2 == 0) arrived.push_back(each);
    ASSERT_EQ(row_of(arrived), row_of(readings)) << "seed " << seed;
  }
}

TEST(RoomTest, LimitsConcernOnlyWhatIsNew) {
  const auto none = [](EpochKey) { return false; };
  UsageRow row;
  for (std::int64_t i = 0; i < static_cast<std::int64_t>(kScopesMax); ++i)
    merge(row, reading(ScopeKey{i}, 1));
  EXPECT_FALSE(room_for(row, reading(ScopeKey{0}, 2), none));
  ASSERT_TRUE(room_for(row, reading(ScopeKey{100'000}, 1), none));
  EXPECT_EQ(room_for(row, reading(ScopeKey{100'000}, 1), none)->reason, Reason::kTooMany);
  for (std::int64_t i = 1; i < static_cast<std::int64_t>(kEpochsMax); ++i) {
    KeyedReading other = reading(kMachine, 1);
    other.epoch = EpochKey{100 + i};
    ASSERT_FALSE(room_for(row, other, none));
    merge(row, other);
  }
  KeyedReading one_more = reading(kMachine, 1);
  one_more.epoch = EpochKey{999};
  ASSERT_TRUE(room_for(row, one_more, none));
  EXPECT_EQ(room_for(row, one_more, none)->reason, Reason::kTooMany);
}

TEST(RoomTest, PseudoEpochsTakeNoRoom) {
  const auto is_pseudo = [](EpochKey key) { return key < EpochKey{3}; };
  UsageRow row;
  for (std::int64_t pseudo = 1; pseudo < 3; ++pseudo)
    ASSERT_TRUE(accumulate(row, EpochKey{pseudo}, kMachine, kCpu, 1));
  KeyedReading next = reading(kMachine, 1);
  for (std::int64_t i = 0; i < static_cast<std::int64_t>(kEpochsMax); ++i) {
    next.epoch = EpochKey{100 + i};
    ASSERT_FALSE(room_for(row, next, is_pseudo)) << i;
    merge(row, next);
  }
  next.epoch = EpochKey{999};
  EXPECT_TRUE(room_for(row, next, is_pseudo));
}

TEST(AccumulateTest, QuantitiesAddUpAndAnOverflowChangesNothing) {
  UsageRow row;
  EXPECT_TRUE(accumulate(row, kEpoch, kMachine, kCpu, kMax - 1));
  EXPECT_TRUE(accumulate(row, kEpoch, kMachine, kCpu, 1));
  EXPECT_TRUE(accumulate(row, kEpoch, kMachine, kMemory, 3));
  const UsageRow before = row;
  const auto overflown = accumulate(row, kEpoch, kMachine, kCpu, 1);
  ASSERT_FALSE(overflown);
  EXPECT_EQ(overflown.error().code, Code::kOverflow);
  EXPECT_EQ(row, before);
  EXPECT_EQ(row.by_epoch.at(kEpoch).by_scope.at(kMachine).used,
            (FlatMap<MeterKey, std::int64_t>{{kCpu, kMax}, {kMemory, 3}}));
}

}  // namespace
}  // namespace meterbill
