#include "domain/coverage.h"

#include <gtest/gtest.h>

#include <random>

#include "unit/domain/billing_support.h"

namespace meterbill {
namespace {

constexpr std::int64_t kSecond = 1'000'000;

EpochUsage epoch(std::int64_t metered_s, std::int64_t estimated_s, std::int64_t off_s) {
  EpochUsage usage;
  usage.cover = Cover{.from_us = 0,
                      .to_us = 0,
                      .metered_us = metered_s * kSecond,
                      .estimated_us = estimated_s * kSecond,
                      .off_us = off_s * kSecond};
  return usage;
}

Cover cover(std::int64_t metered_s, std::int64_t estimated_s, std::int64_t off_s) {
  return *epoch(metered_s, estimated_s, off_s).cover;
}

bool all(EpochKey) { return true; }

TEST(SlotCoverTest, EpochsAddUp) {
  const UsageRow row{{{EpochKey{1}, epoch(300, 20, 0)}, {EpochKey{2}, epoch(400, 0, 100)}}};
  EXPECT_EQ(slot_cover(row, all), cover(700, 20, 100));
}

TEST(SlotCoverTest, IsClippedToTheSlotMeteredFirstOffLast) {
  EXPECT_EQ(slot_cover({{{EpochKey{1}, epoch(800, 200, 300)}}}, all), cover(800, 100, 0));
  EXPECT_EQ(slot_cover({{{EpochKey{1}, epoch(950, 20, 30)}}}, all), cover(900, 0, 0));
  EXPECT_EQ(slot_cover({{{EpochKey{1}, epoch(100, 100, 900)}}}, all), cover(100, 100, 700));
}

TEST(SlotCoverTest, OnlyBilledEpochsWithACoverCount) {
  const UsageRow row{{{EpochKey{1}, epoch(300, 0, 0)},
                      {EpochKey{2}, epoch(200, 0, 0)},
                      {EpochKey{3}, EpochUsage{}}}};
  EXPECT_EQ(slot_cover(row, [](EpochKey key) { return key.value != 1; }), cover(200, 0, 0));
}

TEST(SlotCoverTest, TheLargestCoversDoNotOverflow) {
  UsageRow row;
  for (std::int64_t i = 0; i < 64; ++i)
    row.by_epoch[EpochKey{i}].cover = Cover{0, 0, INT64_MAX, INT64_MAX, INT64_MAX};
  EXPECT_EQ(slot_cover(row, all), cover(900, 0, 0));
}

TEST(SlotCoverTest, RowsOfTwoMachinesCoverASlotAsOneRowWould) {
  std::mt19937 random(7);
  const auto below = [&random](unsigned limit) {
    return static_cast<std::int64_t>(random() % limit);
  };
  const auto some = [&below] { return epoch(below(700), below(500), below(700)); };
  for (int round = 0; round < 2'000; ++round) {
    const UsageRow one{{{EpochKey{1}, some()}, {EpochKey{2}, some()}}};
    const UsageRow other{{{EpochKey{3}, some()}}};
    UsageRow both = one;
    both.by_epoch.insert(other.by_epoch.begin(), other.by_epoch.end());
    EXPECT_EQ(both_covers(slot_cover(one, all), slot_cover(other, all)), slot_cover(both, all));
  }
}

const SlotRange kHour{slot("2026-11-22T10:00:00Z"), slot("2026-11-22T11:00:00Z")};
const Slot kLongAgo = slot("2026-01-01T00:00:00Z");

TEST(CoverageSumTest, WhatIsDueAndNotCoveredIsMissing) {
  CoverageSum sum{kHour, {kLongAgo, kHour.end, std::nullopt, std::nullopt}};
  sum.add(kHour.begin, cover(900, 0, 0));
  sum.add(kHour.begin.next(), cover(500, 100, 50));
  const Coverage coverage = sum.finish();
  EXPECT_EQ(coverage, (Coverage{1'400 * kSecond, 100 * kSecond, 50 * kSecond, 2'050 * kSecond}));
  EXPECT_EQ(coverage.expected_us(), 3'600 * kSecond);
}

TEST(CoverageSumTest, TheFirstSlotExpectsOnlyWhatIsCovered) {
  CoverageSum sum{kHour, {kHour.begin.next(), kHour.end, std::nullopt, std::nullopt}};
  sum.add(kHour.begin.next(), cover(200, 0, 0));
  sum.add(kHour.begin.plus(2), cover(900, 0, 0));
  sum.add(kHour.begin.plus(3), cover(900, 0, 0));
  EXPECT_EQ(sum.finish(), (Coverage{2'000 * kSecond, 0, 0, 0}));
}

TEST(CoverageSumTest, TheOpenSlotExpectsOnlyWhatIsCovered) {
  const Slot open = kHour.begin.plus(2);
  CoverageSum sum{kHour, {kLongAgo, open.next(), open, std::nullopt}};
  sum.add(kHour.begin, cover(900, 0, 0));
  sum.add(kHour.begin.next(), cover(890, 0, 0));
  sum.add(open, cover(70, 0, 0));
  EXPECT_EQ(sum.finish(), (Coverage{1'860 * kSecond, 0, 0, 10 * kSecond}));
}

TEST(CoverageSumTest, NothingIsDueAfterRetirement) {
  CoverageSum sum{kHour, {kLongAgo, kHour.end, std::nullopt, at("2026-11-22T10:20:00Z")}};
  sum.add(kHour.begin, cover(900, 0, 0));
  sum.add(kHour.begin.next(), cover(300, 0, 0));
  EXPECT_EQ(sum.finish(), (Coverage{1'200 * kSecond, 0, 0, 0}));
}

TEST(CoverageSumTest, SlotsOutsideThePeriodDoNotCount) {
  CoverageSum sum{kHour, {kLongAgo, kHour.end.plus(100), std::nullopt, std::nullopt}};
  sum.add(kHour.begin.plus(-1), cover(900, 0, 0));
  sum.add(kHour.end, cover(900, 0, 0));
  EXPECT_EQ(sum.finish(), (Coverage{0, 0, 0, 3'600 * kSecond}));
}

TEST(CoverageSumTest, AMachineThatBeganAfterThePeriodIsNotMissing) {
  CoverageSum sum{kHour, {kHour.end.plus(4), kHour.end.plus(8), std::nullopt, std::nullopt}};
  EXPECT_EQ(sum.finish(), Coverage{});
}

}  // namespace
}  // namespace meterbill
