#include "domain/coverage.h"

#include <gtest/gtest.h>

#include "unit/domain/billing_support.h"

namespace meterbill {
namespace {

constexpr std::int64_t kSecond = 1'000'000;

Cover cover(std::int64_t metered_s, std::int64_t estimated_s, std::int64_t off_s) {
  return {.from_us = 0,
          .to_us = 0,
          .metered_us = metered_s * kSecond,
          .estimated_us = estimated_s * kSecond,
          .off_us = off_s * kSecond};
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
