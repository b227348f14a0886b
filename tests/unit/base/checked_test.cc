#include "base/checked.h"

#include <gtest/gtest.h>

#include <limits>

namespace meterbill {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

TEST(CheckedTest, OverflowOfASumIsAnError) {
  EXPECT_EQ(add(kMax - 1, std::int64_t{1}).value(), kMax);
  ASSERT_FALSE(add(kMax, std::int64_t{1}));
  EXPECT_EQ(add(kMax, std::int64_t{1}).error().code, Code::kOverflow);
  EXPECT_FALSE(subtract(std::numeric_limits<std::int64_t>::min(), std::int64_t{1}));
  EXPECT_FALSE(multiply(kMax, std::int64_t{2}));
  EXPECT_FALSE(narrow(Int128{kMax} + 1));
}

struct ScaleCase {
  const char* name;
  std::int64_t value, numerator, denominator, want;
};
void PrintTo(const ScaleCase& row, std::ostream* out) { *out << row.name; }

class ScaleTest : public testing::TestWithParam<ScaleCase> {};

TEST_P(ScaleTest, RoundsHalfToEven) {
  const ScaleCase& row = GetParam();
  EXPECT_EQ(scale_half_even(row.value, row.numerator, row.denominator).value(), Int128{row.want});
}

INSTANTIATE_TEST_SUITE_P(
    Rules, ScaleTest,
    testing::Values(ScaleCase{"exact", 10, 3, 5, 6}, ScaleCase{"below_half_goes_down", 4, 1, 10, 0},
                    ScaleCase{"half_goes_down_to_even", 5, 1, 10, 0},
                    ScaleCase{"half_goes_up_to_even", 15, 1, 10, 2},
                    ScaleCase{"above_half_goes_up", 6, 1, 10, 1},
                    ScaleCase{"negative_half_to_even", -15, 1, 10, -2},
                    ScaleCase{"negative_half_stays_even", -25, 1, 10, -2},
                    ScaleCase{"product_may_exceed_64_bits", kMax, kMax, kMax, kMax}),
    [](const auto& param) { return std::string(param.param.name); });

TEST(CheckedTest, DecimalTextIsReadExactly) {
  EXPECT_EQ(parse_decimal("12.3", 9).value(), Int128{12'300'000'000});
  EXPECT_EQ(parse_decimal("-0.05", 2).value(), Int128{-5});
  EXPECT_EQ(parse_decimal("1.2300", 2).value(), Int128{123});
  for (const char* bad : {"", "-", ".5", "5.", "1e3", "+1", " 1", "0x1", "1.2.3", "1.234"})
    EXPECT_FALSE(parse_decimal(bad, 2)) << bad;
  EXPECT_EQ(parse_decimal("1" + std::string(60, '0'), 2).error().code, Code::kOverflow);
}

TEST(CheckedTest, DecimalTextIsWrittenWithoutExponent) {
  EXPECT_EQ(decimal_text(1227, 3), "1.227");
  EXPECT_EQ(decimal_text(5, 3), "0.005");
  EXPECT_EQ(decimal_text(-1500, 3), "-1.5");
  EXPECT_EQ(decimal_text(-1500, 3, false), "-1.500");
  EXPECT_EQ(decimal_text(1000, 3), "1");
  EXPECT_EQ(decimal_text(0, 3), "0");
}

TEST(CheckedTest, WideProductsAreExactInBothSigns) {
  const Int128 large = power_of_ten(38);
  const std::string zeros(76, '0');
  EXPECT_EQ(decimal_text(multiply_wide(large, large), 0), "1" + zeros);
  EXPECT_EQ(decimal_text(multiply_wide(large, -large), 0), "-1" + zeros);
  EXPECT_EQ(decimal_text(multiply_wide(-1, 1), 21), "-0.000000000000000000001");
  EXPECT_EQ(add(multiply_wide(large, large), multiply_wide(large, -large)).value(), Int256(0));
  EXPECT_EQ(shift_half_even(multiply_wide(-large, large), 60).value(), -power_of_ten(16));
}

TEST(CheckedTest, AWideSumThatDoesNotFitIsAnError) {
  Int256 sum = multiply_wide(power_of_ten(38), power_of_ten(38));  // 10^76; 2^255 is 5.8 × 10^76
  for (int i = 0; i < 2; ++i) sum = add(sum, sum).value();
  ASSERT_FALSE(add(sum, sum));
  EXPECT_EQ(add(sum, sum).error().code, Code::kOverflow);
  EXPECT_FALSE(shift_half_even(sum, 1));
}

TEST(CheckedTest, CountsAreDigitsOnlyUpTo63Bits) {
  EXPECT_EQ(parse_count("0").value(), 0);
  EXPECT_EQ(parse_count("9223372036854775807").value(), kMax);
  for (const char* bad :
       {"", "-1", "012", "9223372036854775808", "99999999999999999999", "1.0", "1 "})
    EXPECT_FALSE(parse_count(bad)) << bad;
}

}  // namespace
}  // namespace meterbill
