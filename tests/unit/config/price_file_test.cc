#include "config/price_file.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "adapters/openssl/sha256.h"
#include "adapters/time_zone/host_time_zones.h"

namespace meterbill {
namespace {

const HostTimeZones& zones() {
  static const HostTimeZones kZones{sha256_hex};
  return kZones;
}

const std::string kHead = "currency = \"EUR\"\ntime_zone = \"Europe/Berlin\"\n";

/// A file with one price, whose lines are 4 and following.
std::string with_price(const std::string& rows) { return kHead + "[[price]]\n" + rows; }

std::string problems_of(const std::string& text) {
  std::string shown;
  for (const PriceProblem& problem : read_price_file(text, zones()).problems)
    shown += to_string(problem) + "\n";
  return shown;
}

PriceBook book_of(const std::string& text) {
  auto book = parse_prices(text, "prices.toml", zones());
  EXPECT_TRUE(book) << book.error().message;
  return std::move(book).value();
}

TEST(PriceFileTest, ReadsEveryKey) {
  const PriceBook book = book_of(kHead + R"(
quantity_decimals = 6
[[price]]
meter = "cpu"
unit = "core_hour"
price = "0.042"
from = "2026-01-01"
[[price]]
scopes = "parts"
price = "0.05"
unit = "core_hour"
meter = "cpu"
from = "2026-07-01T00:15:00Z"
[[price]]
meter = "api_calls"
unit = "unit"
price = "2"
)");
  EXPECT_EQ(book.text(),
            "currency EUR\n"
            "time_zone Europe/Berlin\n"
            "quantity_decimals 6\n"
            "price cpu core_hour machine 2025-12-31T23:00:00Z 0.042\n"
            "price cpu core_hour parts 2026-07-01T00:15:00Z 0.05\n"
            "price api_calls unit machine always 2\n");
}

TEST(PriceFileTest, CommentsAndOrderDoNotChangeTheBook) {
  const std::string cpu = "[[price]]\nmeter=\"cpu\"\nunit=\"core_hour\"\nprice=\"0.02\"\n";
  const std::string memory =
      "[[price]]\nmeter=\"memory\" # used\nunit=\"gib_hour\"\nprice=\"0.0250\"\n";
  EXPECT_EQ(book_of(kHead + cpu + memory).text(), book_of(kHead + memory + cpu).text());
}

TEST(PriceFileTest, AFileWithoutPricesIsABookWithoutPrices) {
  EXPECT_TRUE(book_of(kHead).versions().empty());
}

struct BadFile {
  const char* name;
  std::string text;
  std::string said;
};

std::ostream& operator<<(std::ostream& out, const BadFile& row) { return out << row.name; }

const std::string kCpu = "meter = \"cpu\"\nunit = \"core_hour\"\n";

const std::vector<BadFile> kBadFiles{
    {"BareFloat", with_price(kCpu + "price = 0.05\n"),
     "line 6: price is a bare number, which computers round; write price = \"0.05\"\n"},
    {"BareFloatWithComment", with_price(kCpu + "price = 1_000.50  # dear\n"),
     "line 6: price is a bare number, which computers round; write price = \"1_000.50\"\n"},
    {"BareInteger", with_price(kCpu + "price = 5\n"),
     "line 6: price is a bare number, which computers round; write price = \"5\"\n"},
    {"BareDate", with_price(kCpu + "price = \"5\"\nfrom = 2026-01-01\n"),
     "line 7: from must be text; write from = \"2026-01-01\"\n"},
    {"Negative", with_price(kCpu + "price = \"-0.05\"\n"),
     "line 6: a price is not negative: '-0.05'; write digits with a point and at most 12 "
     "decimals, such as price = \"0.05\"\n"},
    {"ThirteenDecimals", with_price(kCpu + "price = \"0.0000000000001\"\n"),
     "line 6: '0.0000000000001' has more than 12 decimals; write digits with a point and at "
     "most 12 decimals, such as price = \"0.05\"\n"},
    {"DecimalComma", with_price(kCpu + "price = \"0,05\"\n"),
     "line 6: not a decimal number: '0,05'; write digits with a point and at most 12 decimals, "
     "such as price = \"0.05\"\n"},
    {"UnknownPriceKey", with_price(kCpu + "price = \"5\"\nform = \"2026-01-01\"\n"),
     "line 7: unknown key 'form'; did you mean from?\n"},
    {"UnknownBookKey", "curency = \"EUR\"\n" + kHead,
     "line 1: unknown key 'curency'; did you mean currency?\n"},
    {"NothingNear", "wombat = 1\n" + kHead,
     "line 1: unknown key 'wombat'; the keys are currency, time_zone, quantity_decimals, "
     "price\n"},
    {"WrongUnit", with_price("meter = \"cpu\"\nunit = \"gib_hour\"\nprice = \"1\"\n"),
     "line 5: meter 'cpu' is not counted in 'gib_hour'; its units are core_hour, core_second; "
     "write one of these units\n"},
    {"MisspeltMeter", with_price("meter = \"memry\"\nunit = \"gib_hour\"\nprice = \"1\"\n"),
     "line 5: meter 'memry' is not counted in 'gib_hour'; its units are unit; did you mean the "
     "meter memory?\n"},
    {"BadMeter", with_price("meter = \"CPU\"\nunit = \"core_hour\"\nprice = \"1\"\n"),
     "line 4: 'CPU' is not the name of a meter; a name has up to 32 lower-case letters, digits "
     "and _, and begins with a letter\n"},
    {"NoPrice", with_price(kCpu), "line 3: this price has no price; add a line price = \"…\"\n"},
    {"BadScopes", with_price(kCpu + "price = \"1\"\nscopes = \"all\"\n"),
     "line 7: scopes is 'all'; write scopes = \"machine\" or scopes = \"parts\"\n"},
    {"FromBetweenSlots", with_price(kCpu + "price = \"1\"\nfrom = \"2026-01-01T00:10:00Z\"\n"),
     "line 7: from (2026-01-01T00:10:00Z) is not on a quarter hour of UTC; write a date "
     "(2026-01-01) or an instant on a quarter hour (2026-01-01T00:15:00Z)\n"},
    {"NoSuchDate", with_price(kCpu + "price = \"1\"\nfrom = \"2026-02-30\"\n"),
     "line 7: not a date such as 2026-11-22: '2026-02-30'; write a date (2026-01-01) or an "
     "instant on a quarter hour (2026-01-01T00:15:00Z)\n"},
    {"SameFromTwice", with_price(kCpu + "price = \"1\"\n[[price]]\n" + kCpu + "price = \"2\"\n"),
     "line 7: meter cpu has a price from the same time in line 3; give one of the two another "
     "from, or remove it\n"},
    {"NoCurrency", "time_zone = \"UTC\"\n",
     "there is no currency; write currency = \"USD\" above the first [[price]]\n"},
    {"NoZone", "currency = \"USD\"\n",
     "there is no time_zone; write time_zone = \"UTC\" above the first [[price]]\n"},
    {"UnknownCurrency", "currency = \"EURO\"\ntime_zone = \"UTC\"\n",
     "line 1: 'EURO' is not a currency code of ISO 4217, such as USD or EUR; write the code of "
     "three capital letters\n"},
    {"UnknownZone", "currency = \"EUR\"\ntime_zone = \"Europe/Berln\"\n",
     "line 2: there is no time zone 'Europe/Berln'; did you mean Europe/Berlin?; write the name "
     "of an IANA time zone\n"},
    {"BadDecimals", kHead + "quantity_decimals = 10\n",
     "line 3: quantity_decimals is not a whole number from 0 to 9; write quantity_decimals = "
     "9\n"},
    {"PriceIsATable", kHead + "[price]\nmeter = \"cpu\"\n",
     "line 3: price is not a list of prices; begin each price with a line [[price]]\n"},
};

class BadPriceFileTest : public testing::TestWithParam<BadFile> {};
INSTANTIATE_TEST_SUITE_P(Table, BadPriceFileTest, testing::ValuesIn(kBadFiles),
                         [](const auto& test) { return std::string(test.param.name); });

TEST_P(BadPriceFileTest, NamesLineAndRemedy) {
  EXPECT_EQ(problems_of(GetParam().text), GetParam().said);
  EXPECT_FALSE(read_price_file(GetParam().text, zones()).book);
}

TEST(PriceFileTest, EveryProblemIsShownInTheOrderOfLines) {
  const std::string shown = problems_of(
      "currency = \"EURO\"\ntime_zone = \"UTC\"\n[[price]]\nmeter = \"cpu\"\nunit = \"core_hour\"\n"
      "price = 0.05\n[[price]]\nmeter = \"memory\"\nunit = \"gib_hour\"\nprice = \"-1\"\n");
  EXPECT_LT(shown.find("line 1:"), shown.find("line 6:"));
  EXPECT_LT(shown.find("line 6:"), shown.find("line 10:"));
  EXPECT_NE(shown.find("line 10:"), std::string::npos);
}

TEST(PriceFileTest, WhatIsNoTomlSaysWhere) {
  for (const char* text : {"currency = \"EUR\n", "currency = \"EUR\"\ncurrency = \"USD\"\n",
                           "[[price]\n", "\xFF\xFE", "a = \"\\u0000"}) {
    const PriceFile file = read_price_file(text, zones());
    ASSERT_FALSE(file.problems.empty());
    EXPECT_GT(file.problems.front().line, 0) << text;
    EXPECT_NE(file.problems.front().message.find("not TOML"), std::string::npos);
  }
}

TEST(PriceFileTest, AnErrorNamesFileAndLine) {
  const auto book = parse_prices("currency = 5\ntime_zone = \"UTC\"\n", "p.toml", zones());
  EXPECT_EQ(book.error().code, Code::kConfig);
  EXPECT_TRUE(book.error().message.starts_with("p.toml: line 1: ")) << book.error().message;
}

TEST(PriceFileTest, AHugeFileIsRefused) {
  EXPECT_FALSE(problems_of(std::string(2'000'000, '\n')).empty());
}

TEST(BuiltInPricesTest, AreTheShippedFile) {
  std::ifstream file(std::string(METERBILL_SOURCE_DIR) + "/etc/prices.toml", std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  EXPECT_EQ(built_in_prices(), text);
}

TEST(BuiltInPricesTest, HoldThePrototypesTariffAndExamples) {
  EXPECT_EQ(book_of(std::string(built_in_prices())).text(),
            "currency USD\n"
            "time_zone UTC\n"
            "quantity_decimals 9\n"
            "price cpu core_hour machine always 0.02\n"
            "price memory gib_hour machine always 0.0025\n"
            "price cpu_usage percent_sample machine always 0.05\n"
            "price memory_usage percent_sample machine always 0.01\n");
}

}  // namespace
}  // namespace meterbill
