#include "domain/money.h"

#include <gtest/gtest.h>

#include <ostream>

namespace meterbill {
namespace {

constexpr Int128 kInt128Max = ((Int128{1} << 126) - 1) * 2 + 1;

Currency currency(std::string_view code) { return Currency::parse(code).value(); }
Price price(std::string_view text) { return Price::parse(text).value(); }

struct CurrencyCase {
  const char* code;
  int minor_digits;
};

TEST(CurrencyTest, HasTheMinorUnitOfIso4217) {
  constexpr CurrencyCase kCases[] = {{"USD", 2}, {"EUR", 2}, {"CHF", 2}, {"JPY", 0}, {"KRW", 0},
                                     {"XOF", 0}, {"KWD", 3}, {"TND", 3}, {"CLF", 4}, {"IDR", 2}};
  for (const CurrencyCase& row : kCases)
    EXPECT_EQ(currency(row.code).minor_digits(), row.minor_digits) << row.code;
}

TEST(CurrencyTest, AnUnknownCodeIsRefused) {
  for (const char* code : {"", "usd", "US", "USDX", "XTS", "BTC"})
    EXPECT_EQ(Currency::parse(code).error().code, Code::kNotFound) << code;
}

TEST(PriceTest, TwelveDecimalsAreKeptAndAThirteenthIsRefused) {
  EXPECT_EQ(price("0.000000000001").pico(), 1);
  EXPECT_EQ(to_string(price("0.050")), "0.05");
  EXPECT_EQ(to_string(price("3")), "3");
  EXPECT_FALSE(Price::parse("0.0000000000001"));
}

TEST(PriceTest, ANegativePriceIsRefused) {
  EXPECT_FALSE(Price::parse("-0.05"));
  EXPECT_FALSE(Price::parse("-0"));
  EXPECT_FALSE(Price::parse(""));
  EXPECT_FALSE(Price::parse("5e-2"));
}

// The two roundings after another. Unit: 1'000 base units. Price decimals and quantity as given.
struct RoundingCase {
  const char* name;
  Int128 base;
  int decimals;
  const char* price;
  const char* currency;
  const char* quantity;
  const char* cost;
  const char* amount;
};

std::ostream& operator<<(std::ostream& out, const RoundingCase& row) { return out << row.name; }

class RoundingTest : public testing::TestWithParam<RoundingCase> {};

constexpr RoundingCase kRoundings[] = {
    {"NothingCostsNothing", 0, 9, "5", "USD", "0", "0", "0.00"},
    {"ExactStaysExact", 1'500, 9, "0.05", "USD", "1.5", "0.075", "0.08"},
    {"HalfACentGoesDownToEven", 100, 9, "0.05", "USD", "0.1", "0.005", "0.00"},
    {"HalfACentGoesUpToEven", 300, 9, "0.05", "USD", "0.3", "0.015", "0.02"},
    {"AboveHalfGoesUp", 100, 9, "0.050000000001", "USD", "0.1", "0.0050000000001", "0.01"},
    {"BelowHalfGoesDown", 300, 9, "0.049999999999", "USD", "0.3", "0.0149999999997", "0.01"},
    {"QuantityHalfGoesDownToEven", 500, 0, "1", "USD", "0", "0", "0.00"},
    {"QuantityHalfGoesUpToEven", 1'500, 0, "1", "USD", "2", "2", "2.00"},
    {"QuantityIsRoundedBeforeThePriceIsSeen", 1'449, 1, "10", "USD", "1.4", "14", "14.00"},
    {"OnceRoundedQuantityDecidesTheAmount", 1'450, 1, "10", "USD", "1.4", "14", "14.00"},
    {"NextEvenQuantity", 1'550, 1, "10", "USD", "1.6", "16", "16.00"},
    {"YenHasNoCents", 1'500, 9, "1", "JPY", "1.5", "1.5", "2"},
    {"YenHalfToEven", 2'500, 9, "1", "JPY", "2.5", "2.5", "2"},
    {"DinarHasThreeDigits", 1, 9, "2.5", "KWD", "0.001", "0.0025", "0.002"},
    {"TheSmallestPriceCounts", 1, 9, "0.000000000001", "USD", "0.001", "0.000000000000001", "0.00"},
};
INSTANTIATE_TEST_SUITE_P(Table, RoundingTest, testing::ValuesIn(kRoundings),
                         [](const auto& test) { return std::string(test.param.name); });

TEST_P(RoundingTest, RoundsQuantityThenAmountHalfToEven) {
  const RoundingCase& row = GetParam();
  const Int128 quantity = quantity_in({"unit", 1'000}, row.base, row.decimals).value();
  const Cost cost = cost_of(quantity, row.decimals, price(row.price)).value();
  const Amount amount = rounded(cost, currency(row.currency)).value();

  EXPECT_EQ(decimal_text(Int256(quantity), row.decimals), row.quantity);
  EXPECT_EQ(to_string(cost), row.cost);
  EXPECT_EQ(to_string(amount, currency(row.currency)), row.amount);
}

TEST(MoneyTest, TheLargestUsageAtALargePriceIsExact) {
  const Int128 base = Int128{9'223'372'036'854'775'807} * 1'000'000;  // a million full counters
  const Int128 quantity = quantity_in({"byte", 1}, base, 9).value();
  const Cost cost = cost_of(quantity, 9, price("99999.999999999999")).value();
  EXPECT_EQ(to_string(cost), "922337203685477571476627963145.224193");
  EXPECT_EQ(to_string(rounded(cost, currency("USD")).value(), currency("USD")),
            "922337203685477571476627963145.22");
}

TEST(MoneyTest, WhatDoesNotFitIsAnErrorNeverAWrap) {
  EXPECT_EQ(quantity_in({"byte", 1}, kInt128Max, 9).error().code, Code::kOverflow);
  EXPECT_EQ(cost_of(kInt128Max, 0, price("1")).error().code, Code::kOverflow);
  const Cost largest = cost_of(kInt128Max, 9, price("100000000000000000000000000")).value();
  EXPECT_EQ(rounded(largest, currency("USD")).error().code, Code::kOverflow);
  EXPECT_EQ(add(Amount{kInt128Max}, Amount{1}).error().code, Code::kOverflow);
  Cost sum = largest;
  Code code = Code::kInvalid;
  for (int i = 0; i < 20; ++i) {
    const auto next = add(sum, sum);
    if (!next) {
      code = next.error().code;
      break;
    }
    sum = next.value();
  }
  EXPECT_EQ(code, Code::kOverflow);
}

TEST(MoneyTest, AnAmountIsACostToCompareWith) {
  const Currency usd = currency("USD");
  EXPECT_EQ(to_string(exact(Amount{123}, usd)), "1.23");
  EXPECT_EQ(exact(rounded(exact(Amount{123}, usd), usd).value(), usd), exact(Amount{123}, usd));
}

}  // namespace
}  // namespace meterbill
