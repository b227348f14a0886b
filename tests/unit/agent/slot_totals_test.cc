#include "agent/slot_totals.h"

#include <gtest/gtest.h>

#include <numeric>

#include "agent/apportion.h"

namespace meterbill {
namespace {

using Parts = std::vector<std::int64_t>;

TEST(ApportionTest, LargestRemainderGetsTheRestAndTiesGoToTheEarlier) {
  EXPECT_EQ(apportion(10, Parts{1, 1, 1}), (Parts{4, 3, 3}));
  EXPECT_EQ(apportion(10, Parts{1, 2, 4}), (Parts{1, 3, 6}));
  EXPECT_EQ(apportion(0, Parts{5, 5}), (Parts{0, 0}));
  EXPECT_EQ(apportion(7, Parts{0, 0}), (Parts{0, 7}));
  EXPECT_EQ(apportion(INT64_MAX, Parts{INT64_MAX, 1}), (Parts{INT64_MAX - 1, 1}));
}

Slot slot(const char* text) { return Slot::parse(text).value(); }
Instant at(const char* utc, std::int64_t boot_us) {
  return {.utc = parse_utc(utc).value(), .monotonic_us = boot_us, .boot_us = boot_us};
}
constexpr std::int64_t kMinuteUs = 60'000'000;

TEST(CutTest, AStretchIsCutAtEachBoundary) {
  const auto portions =
      cut(0, at("2026-11-22T10:20:00Z", 25 * kMinuteUs), slot("2026-11-22T00:00:00Z"));
  EXPECT_EQ(portions,
            (std::vector<Portion>{{slot("2026-11-22T09:45:00Z"), 0, 5 * kMinuteUs},
                                  {slot("2026-11-22T10:00:00Z"), 5 * kMinuteUs, 20 * kMinuteUs},
                                  {slot("2026-11-22T10:15:00Z"), 20 * kMinuteUs, 25 * kMinuteUs}}));
}

TEST(CutTest, AStretchThatEndsOnABoundaryHasNothingBehindIt) {
  const auto portions = cut(0, at("2026-11-22T10:15:00Z", kMinuteUs), slot("2026-11-22T00:00:00Z"));
  ASSERT_EQ(portions.size(), 1U);
  EXPECT_EQ(portions[0].slot, slot("2026-11-22T10:00:00Z"));
}

TEST(CutTest, WhatLiesBeforeTheEarliestSlotIsBookedThere) {
  const auto portions =
      cut(0, at("2026-11-22T10:20:00Z", 50 * kMinuteUs), slot("2026-11-22T10:15:00Z"));
  ASSERT_EQ(portions.size(), 1U);
  EXPECT_EQ(portions[0].length_us(), 50 * kMinuteUs);
}

TEST(CutTest, MoreThanAYearPilesUpInTheFirstSlot) {
  const std::int64_t two_years = 2L * 366 * 24 * 60 * kMinuteUs;
  const auto portions = cut(0, at("2026-11-22T10:15:00Z", two_years), Slot{});
  EXPECT_EQ(static_cast<std::int64_t>(portions.size()), kStretchSlotsMax);
  const std::int64_t sum =
      std::accumulate(portions.begin(), portions.end(), std::int64_t{0},
                      [](std::int64_t all, const Portion& part) { return all + part.length_us(); });
  EXPECT_EQ(sum, two_years);
}

TEST(CutTest, NoTimeAndNegativeTimeAreNothing) {
  EXPECT_TRUE(cut(5, at("2026-11-22T10:15:00Z", 5), Slot{}).empty());
  EXPECT_TRUE(cut(6, at("2026-11-22T10:15:00Z", 5), Slot{}).empty());
}

TEST(SlotTotalsTest, OnlyWhatChangedSinceItWasSavedIsGiven) {
  SlotTotals totals(slot("2026-11-22T10:00:00Z"));
  MemoryRests rests;
  const auto book = [&](const char* utc, std::int64_t from, std::int64_t to) {
    const Instant end = at(utc, to);
    totals.book({.from_us = from,
                 .monotonic_us = to - from,
                 .estimated = false,
                 .cpu_us = 5,
                 .cores = 1,
                 .memory_total_kib = {},
                 .memory_used_kib = 0,
                 .memory_us = 0},
                end, rests);
    totals.move_to(end.utc);
  };
  book("2026-11-22T10:01:00Z", 0, kMinuteUs);
  EXPECT_EQ(totals.changed().size(), 1U);
  totals.saved();
  EXPECT_TRUE(totals.changed().empty());
  book("2026-11-22T10:16:00Z", kMinuteUs, 16 * kMinuteUs);
  ASSERT_EQ(totals.changed().size(), 2U);
  EXPECT_EQ(totals.changed()[0].used.at(MeterName{"cpu"}), 10);  // 5 + ⌊5 · 14/15⌉
  totals.saved();
  totals.all_changed();
  EXPECT_EQ(totals.changed().size(), 1U);  // the ended slot is forgotten
}

TEST(SlotTotalsTest, MemoryThatWasNeverReadIsMissingNotZero) {
  SlotTotals totals(slot("2026-11-22T10:00:00Z"));
  MemoryRests rests;
  totals.book({.from_us = 0,
               .monotonic_us = kMinuteUs,
               .estimated = false,
               .cpu_us = 1,
               .cores = 1,
               .memory_total_kib = {},
               .memory_used_kib = 0,
               .memory_us = 0},
              at("2026-11-22T10:01:00Z", kMinuteUs), rests);
  EXPECT_FALSE(totals.changed()[0].used.contains(MeterName{"memory"}));
  EXPECT_FALSE(totals.changed()[0].used.contains(MeterName{"memory_capacity"}));
}

}  // namespace
}  // namespace meterbill
