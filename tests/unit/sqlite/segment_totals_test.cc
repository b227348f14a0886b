#include "adapters/sqlite/segment_totals.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "support/packed_bytes.h"

namespace meterbill {
namespace {

constexpr Int128 kMax = static_cast<Int128>(~UInt128{0} >> 1);
constexpr Int128 kMin = -kMax - 1;

TotalPlace place(std::int64_t scope, std::int64_t labels, std::int64_t meter) {
  return {{scope}, {labels}, {meter}};
}

TEST(SegmentTotalsTest, BytesAreThoseOfVersionOne) {
  const SegmentTotals totals{{place(1, 0, 2), 64}, {place(1, 3, 1), -1}};
  EXPECT_EQ(pack(totals), sealed(bytes_of({1, 2,              // version, totals
                                           2, 0, 4, 0x80, 1,  // scope 1, labels 0, meter 2: 64
                                           0, 6, 1, 1})));    // + 0, + 3, - 1: -1
}

TEST(SegmentTotalsTest, WhatIsPackedComesBack) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 2'000; ++round) {
    SegmentTotals totals;
    const auto small = [&](std::uint64_t bound) {
      return static_cast<std::int64_t>(random() % bound);
    };
    for (std::uint64_t i = random() % 50; i > 0; --i) {
      const auto wide = static_cast<Int128>(UInt128{random()} << 64 | random()) >> (random() % 128);
      totals[place(small(20), small(5), small(9))] = wide;
    }
    EXPECT_EQ(unpack_totals(pack(totals)).value(), totals);
  }
  constexpr std::int64_t kLast = std::numeric_limits<std::int64_t>::max();
  const SegmentTotals extremes{{place(0, 0, 0), kMin}, {place(kLast, kLast, kLast), kMax}};
  EXPECT_EQ(unpack_totals(pack(extremes)).value(), extremes);
}

TEST(SegmentTotalsTest, AFlippedBitAndAMissingByteAreDamage) {
  const std::string whole = pack(SegmentTotals{{place(1, 0, 2), kMax}, {place(2, 0, 2), kMin}});
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      std::string bad = whole;
      bad[at] = static_cast<char>(bad[at] ^ 1 << bit);
      EXPECT_EQ(unpack_totals(bad).error().code, Code::kDamaged);
    }
    EXPECT_EQ(unpack_totals(whole.substr(0, at)).error().code, Code::kDamaged);
  }
}

struct BadTotals {
  const char* name;
  std::string body;
  Code want;
};

class BadTotalsTest : public testing::TestWithParam<BadTotals> {};

TEST_P(BadTotalsTest, IsRefusedUnderARightChecksum) {
  EXPECT_EQ(unpack_totals(sealed(GetParam().body)).error().code, GetParam().want);
}

INSTANTIATE_TEST_SUITE_P(
    Table, BadTotalsTest,
    testing::Values(
        BadTotals{"later_version", bytes_of({2, 0}), Code::kTooNew},
        BadTotals{"version_0", bytes_of({0, 0}), Code::kDamaged},
        BadTotals{"fewer_than_counted", bytes_of({1, 2, 2, 0, 2, 2}), Code::kDamaged},
        BadTotals{"more_than_counted", bytes_of({1, 1, 2, 0, 2, 2, 0}), Code::kDamaged},
        BadTotals{"same_place_twice", bytes_of({1, 2, 2, 0, 2, 2, 0, 0, 0, 2}), Code::kDamaged},
        BadTotals{"descending", bytes_of({1, 2, 2, 0, 2, 2, 1, 0, 0, 2}), Code::kDamaged},
        BadTotals{"wild_count", bytes_of({1, 0xFF, 0xFF, 0xFF, 0x7F}), Code::kDamaged},
        BadTotals{"129_bits",
                  bytes_of({1,    1,    2,    0,    2,    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                            0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 4}),
                  Code::kDamaged}),
    [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace meterbill
