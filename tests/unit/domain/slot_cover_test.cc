#include "domain/slot_cover.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <vector>

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
            cover(500, 50, 50))
      << "600 in all, 50 of them asleep";
  EXPECT_EQ(covered({{{EpochKey{1}, epoch(200, 0, 600, 0, 200)},
                      {EpochKey{2}, epoch(200, 0, 600, 0, 200)}}}),
            cover(200, 0, 600))
      << "off before the boot, told by each";
  EXPECT_EQ(covered({{{EpochKey{1}, epoch(450, 0, 450, 600, 900)},
                      {EpochKey{2}, epoch(450, 0, 450, 600, 900)}}}),
            cover(450, 0, 450))
      << "both slept with the host";
}

TEST(SlotCoverTest, AClockStepOfOneBootIsNoOverlap) {
  EXPECT_EQ(covered({{{EpochKey{1}, metered(0, 500)}, {EpochKey{2}, metered(3'000, 3'300)}}}),
            cover(800, 0, 0));
}

/// What a slot of one host must show, by its seconds.
struct Seconds {
  std::int64_t awake = 0;
  std::int64_t asleep = 0;
  friend bool operator==(const Seconds&, const Seconds&) = default;
};

/// One boot of a host that sleeps now and then, and some agents on it: each second that one of them
/// runs it meters, or estimates, or sleeps with the host.
class Boot {
 public:
  Boot(std::int64_t number, std::mt19937& random) : number_(number), random_(random) {
    for (bool sleeps = false; asleep_.size() < 1'000; sleeps = !sleeps)
      asleep_.insert(asleep_.end(), 1 + random() % 120, sleeps);
  }

  void add_agents(UsageRow& row) {
    for (std::int64_t agent = 1 + below(3); agent > 0; --agent)
      add_agent(row.by_epoch[EpochKey{100 * number_ + agent}], below(400), below(300));
  }

  [[nodiscard]] Seconds seen() const {
    Seconds seen;
    for (const std::int64_t at : seen_) ++(sleeps(at) ? seen.asleep : seen.awake);
    return seen;
  }
  [[nodiscard]] bool one_saw_all() const { return longest_ == std::ssize(seen_); }
  [[nodiscard]] bool some_saw_the_same() const { return std::ssize(seen_) < lasted_; }

 private:
  [[nodiscard]] std::int64_t below(unsigned limit) const {
    return static_cast<std::int64_t>(random_() % limit);
  }
  [[nodiscard]] bool sleeps(std::int64_t at) const { return asleep_[static_cast<std::size_t>(at)]; }
  void add_agent(EpochUsage& usage, std::int64_t from_s, std::int64_t lasts_s) {
    std::int64_t metered = 0;
    std::int64_t estimated = 0;
    std::int64_t off = 0;
    for (std::int64_t at = from_s; at < from_s + lasts_s; ++at) {
      seen_.insert(at);
      ++(sleeps(at) ? off : random_() % 4 == 0 ? estimated : metered);
    }
    lasted_ += lasts_s;
    longest_ = std::max(longest_, lasts_s);
    usage = epoch(metered, estimated, off, from_s, lasts_s);
  }

  std::int64_t number_;
  std::mt19937& random_;
  std::vector<bool> asleep_;  // by the second of the boot clock
  std::set<std::int64_t> seen_;
  std::int64_t lasted_ = 0;
  std::int64_t longest_ = 0;
};

TEST(SlotCoverTest, CoversTheSecondsThatAnyAgentSaw) {
  std::mt19937 random(11);
  int overlapping = 0;
  int exact = 0;
  for (int round = 0; round < 5'000; ++round) {
    SCOPED_TRACE(round);
    UsageRow row;
    Boot boot(round % 2, random);
    boot.add_agents(row);
    const Seconds truth = boot.seen();
    const Cover got = covered(row);
    const Seconds said{(got.metered_us + got.estimated_us) / kSecond, got.off_us / kSecond};
    ASSERT_EQ(said.awake + said.asleep, truth.awake + truth.asleep);
    // Which of the time that two saw the host slept cannot be told: it is taken for as little as
    // the one says who knows of most.
    ASSERT_GE(said.awake, truth.awake);
    if (boot.one_saw_all()) {
      ASSERT_EQ(said, truth);
    }
    overlapping += boot.some_saw_the_same() ? 1 : 0;
    exact += boot.some_saw_the_same() && boot.one_saw_all() ? 1 : 0;
  }
  EXPECT_GT(overlapping, 1'000);
  EXPECT_GT(exact, 200);
}

TEST(SlotCoverTest, OffBeforeABootIsTheSameOffHoweverManyAgentsTellOfIt) {
  const UsageRow row{{{EpochKey{1}, epoch(180, 0, 0, 0, 180)},
                      {EpochKey{100}, epoch(0, 0, 600)},
                      {EpochKey{101}, epoch(0, 0, 600)}}};
  EXPECT_EQ(covered(row), cover(180, 0, 600)) << "in the slot before the boot, too";
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
