#include "wire/row_codec.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "support/packed_bytes.h"

namespace meterbill {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();

UsageRow example() {
  UsageRow row;
  EpochUsage& epoch = row.by_epoch[EpochKey{3}];
  epoch.cover = Cover{.from_us = 1, .to_us = 300, .metered_us = 2, .estimated_us = 0, .off_us = 0};
  epoch.scopes = 2;
  epoch.by_scope[ScopeKey{1}] = {.final = true, .used = {{MeterKey{1}, 64}, {MeterKey{3}, 0}}};
  epoch.by_scope[ScopeKey{5}] = {};
  return row;
}

TEST(RowCodecTest, BytesAreThoseOfVersionOne) {
  EXPECT_EQ(pack(example()),
            bytes_of({1,                                         // version
                      1,                                         // epochs
                      6,    1,    2,    0xD8, 4,    4, 0, 0, 4,  // key 3, cover, scopes 2
                      2,                                         // scopes
                      2,    1,    2,    2,    0x80, 1, 4, 0,     // scope 1, final, 2 meters
                      8,    0,    0,                             // scope 5, 4 behind 1
                      0x1A, 0x01, 0xA3, 0xB4}));                 // CRC-32C
}

TEST(RowCodecTest, TheChecksumIsCrc32c) {
  // The check value that RFC 3720 and every catalogue of CRCs give for "123456789".
  EXPECT_EQ(sealed("123456789"), "123456789" + bytes_of({0x83, 0x92, 0x06, 0xE3}));
  EXPECT_EQ(pack({}), sealed(bytes_of({1, 0})));
}

UsageRow random_row(std::mt19937_64& random) {
  const auto value = [&] { return static_cast<std::int64_t>(random() >> (random() % 64)); };
  UsageRow row;
  for (std::size_t i = random() % 5; i > 0; --i) {
    EpochUsage& epoch = row.by_epoch[EpochKey{value()}];
    if (random() % 2 == 0) epoch.cover = Cover{value(), value(), value(), value(), value()};
    epoch.scopes = value();
    for (std::size_t j = random() % 6; j > 0; --j) {
      ScopeUsage& scope = epoch.by_scope[ScopeKey{value()}];
      scope.final = random() % 2 == 0;
      for (std::size_t k = random() % 6; k > 0; --k) scope.used[MeterKey{value()}] = value();
    }
  }
  return row;
}

TEST(RowCodecTest, WhateverIsPackedIsUnpackedTheSame) {
  for (std::uint64_t seed = 1; seed <= 2'000; ++seed) {
    std::mt19937_64 random(seed);
    const UsageRow row = random_row(random);
    const auto read = unpack(pack(row));
    ASSERT_TRUE(read) << "seed " << seed << ": " << read.error().message;
    ASSERT_EQ(read.value(), row) << "seed " << seed;
  }
}

TEST(RowCodecTest, TheEndsOfTheNumbersArePacked) {
  UsageRow row;
  for (const std::int64_t key : {kMin, std::int64_t{-1}, std::int64_t{0}, kMax})
    row.by_epoch[EpochKey{key}].by_scope[ScopeKey{key}].used = {{MeterKey{kMin}, kMax},
                                                                {MeterKey{kMax}, kMin}};
  const auto read = unpack(pack(row));
  ASSERT_TRUE(read);
  EXPECT_EQ(read.value(), row);
}

TEST(RowCodecTest, EveryTruncationIsDamage) {
  const std::string whole = pack(example());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto read = unpack(whole.substr(0, size));
    ASSERT_FALSE(read) << size;
    EXPECT_EQ(read.error().code, Code::kDamaged) << size;
  }
}

TEST(RowCodecTest, EveryChangeOfAByteIsDamage) {
  const std::string whole = pack(example());
  for (std::size_t at = 0; at < whole.size(); ++at)
    for (unsigned change = 1; change < 256; ++change) {
      std::string changed = whole;
      changed[at] = static_cast<char>(static_cast<unsigned char>(changed[at]) ^ change);
      const auto read = unpack(changed);
      ASSERT_FALSE(read) << at << " ^ " << change;
      ASSERT_EQ(read.error().code, Code::kDamaged) << at << " ^ " << change;
    }
}

TEST(RowCodecTest, ALaterVersionIsTooNew) {
  for (const unsigned version : {2U, 127U, 128U, 255U}) {
    const auto read = unpack(sealed(bytes_of({version, 9, 9, 9})));
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, Code::kTooNew) << version;
  }
}

struct SealedCase {
  const char* name;
  std::string body;
};
void PrintTo(const SealedCase& row, std::ostream* out) { *out << row.name; }

class SealedDamageTest : public testing::TestWithParam<SealedCase> {};

TEST_P(SealedDamageTest, IsFoundBehindARightChecksum) {
  const auto read = unpack(sealed(GetParam().body));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Code::kDamaged);
}

INSTANTIATE_TEST_SUITE_P(
    Bodies, SealedDamageTest,
    testing::Values(SealedCase{"nothing", ""}, SealedCase{"version_0", bytes_of({0, 0})},
                    SealedCase{"no_count", bytes_of({1})},
                    SealedCase{"bytes_behind", bytes_of({1, 0, 0})},
                    SealedCase{"longer_number_than_needed", bytes_of({1, 0x80, 0})},
                    SealedCase{"number_over_64_bits", bytes_of({1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                                                                0xFF, 0xFF, 0xFF, 0xFF, 2})},
                    SealedCase{"endless_number", bytes_of({1, 0xFF, 0xFF})},
                    SealedCase{"count_of_what_is_not_there", bytes_of({1, 9, 2, 0, 0, 0})},
                    SealedCase{"flag_of_2", bytes_of({1, 1, 2, 2, 0, 0})},
                    SealedCase{"same_epoch_twice", bytes_of({1, 2, 2, 0, 0, 0, 0, 0, 0, 0})},
                    SealedCase{"epochs_fall", bytes_of({1, 2, 2, 0, 0, 0, 1, 0, 0, 0})}),
    [](const auto& param) { return std::string(param.param.name); });

}  // namespace
}  // namespace meterbill
