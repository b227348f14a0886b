#include "worker/item_rate.h"

#include <gtest/gtest.h>

namespace meterbill {
namespace {

constexpr std::int64_t kSecond = 1'000'000;

TEST(ItemRateTest, BeforeASecondNothingIsSaid) {
  ItemRate rate;
  EXPECT_EQ(rate.per_second(), 0);
  rate.see(1'000, 0);
  rate.see(2'000, kSecond - 1);
  EXPECT_EQ(rate.per_second(), 0);
}

TEST(ItemRateTest, WhatTheLedgerHadAtTheStartDoesNotCount) {
  ItemRate rate;
  rate.see(1'000'000, 7 * kSecond);
  rate.see(1'000'400, 9 * kSecond);
  EXPECT_EQ(rate.per_second(), 200);
}

TEST(ItemRateTest, RoundsOfMillisecondsGiveTheRateOfTheLastTenSeconds) {
  ItemRate rate;
  for (std::int64_t ms = 0; ms <= 60'000; ++ms) rate.see(5 * ms, ms * 1'000);
  EXPECT_EQ(rate.per_second(), 5'000);
}

TEST(ItemRateTest, APartOfASecondCounts) {
  ItemRate rate;
  rate.see(0, 0);
  rate.see(1'999, 1'999'000);
  EXPECT_EQ(rate.per_second(), 1'000);
}

TEST(ItemRateTest, TenSecondsAfterTheLastItemItIsZero) {
  ItemRate rate;
  for (std::int64_t s = 0; s <= 20; ++s) rate.see(100 * s, s * kSecond);
  EXPECT_EQ(rate.per_second(), 100);
  for (std::int64_t s = 21; s <= 30; ++s) rate.see(2'000, s * kSecond);
  EXPECT_EQ(rate.per_second(), 0);
}

TEST(ItemRateTest, AnHourOfSilenceIsOnePeriod) {
  ItemRate rate;
  rate.see(0, 0);
  rate.see(3'600, 3'600 * kSecond);
  EXPECT_EQ(rate.per_second(), 1);
}

}  // namespace
}  // namespace meterbill
