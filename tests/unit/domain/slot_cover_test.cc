#include "domain/slot_cover.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace meterbill {
namespace {

constexpr std::int64_t kSecond = 1'000'000;

/// Of the boot clock from `from_s` on, as long as all of it lasts.
EpochUsage epoch(std::int64_t metered_s, std::int64_t estimated_s, std::int64_t off_s,
                 std::int64_t from_s = 0, std::int64_t lasts_s = 0) {
  EpochUsage usage;
  usage.cover = Cover{.from_us = from_s * kSecond,
                      .to_us = (from_s + lasts_s) * kSecond,
                      .metered_us = metered_s * kSecond,
                      .estimated_us = estimated_s * kSecond,
                      .off_us = off_s * kSecond};
  return usage;
}

EpochUsage metered(std::int64_t from_s, std::int64_t to_s) {
  return epoch(to_s - from_s, 0, 0, from_s, to_s - from_s);
}

Cover cover(std::int64_t metered_s, std::int64_t estimated_s, std::int64_t off_s) {
  return *epoch(metered_s, estimated_s, off_s).cover;
}

bool all(EpochKey) { return true; }

const BootId& boot_of(EpochKey key) {
  static const BootId kOne{"boot-a"};
  static const BootId kOther{"boot-b"};
  return key.value < 100 ? kOne : kOther;
}

Cover covered(const UsageRow& row) { return slot_cover(row, boot_of, all); }

TEST(SlotCoverTest, EpochsAddUp) {
  const UsageRow row{{{EpochKey{1}, epoch(300, 20, 0)}, {EpochKey{2}, epoch(400, 0, 100)}}};
  EXPECT_EQ(covered(row), cover(700, 20, 100));
}

TEST(SlotCoverTest, IsClippedToTheSlotMeteredFirstOffLast) {
  EXPECT_EQ(covered({{{EpochKey{1}, epoch(800, 200, 300)}}}), cover(800, 100, 0));
  EXPECT_EQ(covered({{{EpochKey{1}, epoch(950, 20, 30)}}}), cover(900, 0, 0));
  EXPECT_EQ(covered({{{EpochKey{1}, epoch(100, 100, 900)}}}), cover(100, 100, 700));
}

TEST(SlotCoverTest, OnlyBilledEpochsWithACoverCount) {
  const UsageRow row{{{EpochKey{1}, epoch(300, 0, 0)},
                      {EpochKey{2}, epoch(200, 0, 0)},
                      {EpochKey{3}, EpochUsage{}}}};
  EXPECT_EQ(slot_cover(row, boot_of, [](EpochKey key) { return key.value != 1; }),
            cover(200, 0, 0));
}

TEST(SlotCoverTest, TheLargestCoversDoNotOverflow) {
  UsageRow row;
  for (std::int64_t i = 0; i < 64; ++i)
    row.by_epoch[EpochKey{i}].cover = Cover{0, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX};
  EXPECT_EQ(covered(row), cover(900, 0, 0));
}

TEST(SlotCoverTest, WhatTwoAgentsOfOneBootSawIsCoveredOnce) {
  EXPECT_EQ(covered({{{EpochKey{1}, metered(0, 400)}, {EpochKey{2}, metered(300, 876)}}}),
            cover(876, 0, 0));
  EXPECT_EQ(covered({{{EpochKey{1}, metered(0, 800)}, {EpochKey{2}, metered(200, 300)}}}),
            cover(800, 0, 0))
      << "the one within the other";
  EXPECT_EQ(covered({{{EpochKey{1}, metered(0, 400)}, {EpochKey{2}, metered(400, 876)}}}),
            cover(876, 0, 0))
      << "one after the other";
  EXPECT_EQ(covered({{{EpochKey{1}, metered(0, 300)}, {EpochKey{100}, metered(0, 300)}}}),
            cover(600, 0, 0))
      << "the clocks of two boots are not the same";
}

TEST(SlotCoverTest, OfWhatTwoAgentsSawMeteredCountsBeforeEstimatedAndOff) {
  EXPECT_EQ(covered({{{EpochKey{1}, epoch(300, 100, 0, 0, 400)},
                      {EpochKey{2}, epoch(200, 50, 50, 300, 300)}}}),
            cover(500, 100, 0))
      << "600 in all, of which 100 are of both";
  EXPECT_EQ(covered({{{EpochKey{1}, epoch(200, 0, 600, 0, 200)},
                      {EpochKey{2}, epoch(200, 0, 600, 0, 200)}}}),
            cover(200, 0, 600))
      << "off before the boot, told by each";
  EXPECT_EQ(covered({{{EpochKey{1}, epoch(100, 0, 300, 0, 400)},
                      {EpochKey{2}, epoch(200, 0, 0, 100, 200)}}}),
            cover(300, 0, 100))
      << "off inside of the clock is no more than what is left of it";
}

TEST(SlotCoverTest, AClockStepOfOneBootIsNoOverlap) {
  EXPECT_EQ(covered({{{EpochKey{1}, metered(0, 500)}, {EpochKey{2}, metered(3'000, 3'300)}}}),
            cover(800, 0, 0));
}

/// Random covers of up to three boots, each second of which an agent either metered, estimated or
/// slept through.
TEST(SlotCoverTest, CoversTheSecondsThatAnyAgentSaw) {
  std::mt19937 random(11);
  const auto below = [&random](unsigned limit) {
    return static_cast<std::int64_t>(random() % limit);
  };
  int overlapping = 0;
  for (int round = 0; round < 5'000; ++round) {
    UsageRow row;
    std::set<std::pair<BootId, std::int64_t>> seconds;
    std::int64_t lasted_s = 0;
    for (std::int64_t number = 0; number < 1 + below(5); ++number) {
      const EpochKey key{number + 100 * below(2)};
      const std::int64_t from_s = below(400);
      const std::int64_t lasts_s = below(200);
      const std::int64_t metered_s = below(static_cast<unsigned>(lasts_s) + 1);
      const std::int64_t estimated_s = below(static_cast<unsigned>(lasts_s - metered_s) + 1);
      const std::int64_t off_s = lasts_s - metered_s - estimated_s;
      if (row.by_epoch.contains(key)) continue;
      row.by_epoch[key] = epoch(metered_s, estimated_s, off_s, from_s, lasts_s);
      lasted_s += lasts_s;
      for (std::int64_t at = from_s; at < from_s + lasts_s; ++at) seconds.emplace(boot_of(key), at);
    }
    const auto in_all_s = static_cast<std::int64_t>(seconds.size());
    overlapping += in_all_s < lasted_s ? 1 : 0;
    const Cover got = covered(row);
    ASSERT_EQ((got.metered_us + got.estimated_us + got.off_us) / kSecond,
              std::min<std::int64_t>(in_all_s, 900))
        << "round " << round;
  }
  EXPECT_GT(overlapping, 1'000);
}

TEST(SlotCoverTest, RowsOfTwoMachinesCoverASlotAsOneRowWould) {
  std::mt19937 random(7);
  const auto below = [&random](unsigned limit) {
    return static_cast<std::int64_t>(random() % limit);
  };
  const auto some = [&below] { return epoch(below(700), below(500), below(700), below(900), 300); };
  for (int round = 0; round < 2'000; ++round) {
    const UsageRow one{{{EpochKey{1}, some()}, {EpochKey{102}, some()}}};
    const UsageRow other{{{EpochKey{3}, some()}}};
    UsageRow both = one;
    both.by_epoch.insert(other.by_epoch.begin(), other.by_epoch.end());
    SlotCover cover;
    cover.add(other, boot_of, all);
    cover.add(one, boot_of, all);
    EXPECT_EQ(cover.finish(), covered(both));
  }
}

}  // namespace
}  // namespace meterbill
