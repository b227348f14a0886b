#include "domain/price_version_use.h"

#include <gtest/gtest.h>

#include "unit/domain/billing_support.h"

namespace meterbill {
namespace {

/// All versions of a book, as a ledger that has used them remembers them.
std::vector<PriceVersionUse> uses_of(const PriceBook& book) {
  std::vector<PriceVersionUse> uses;
  for (const PriceVersion& version : book.versions()) uses.push_back(use_of(version, sha256_hex));
  const auto terms = terms_of(book, sha256_hex);
  uses.insert(uses.end(), terms.begin(), terms.end());
  return uses;
}

std::vector<std::string> changes(const PriceBook& before, const PriceBook& after) {
  std::vector<std::string> found;
  for (const ChangedPrice& price : changed_prices(after, uses_of(before), sha256_hex))
    found.push_back(price.used.is_term()
                        ? price.used.unit + " " + price.was + " → " + price.is
                        : price.used.meter + " " + price.used.scopes + " " + price.used.from +
                              (price.is_dropped ? " dropped" : " edited"));
  return found;
}

using Lines = std::vector<std::string>;

const char* const kNewYear = "2025-12-31T23:00:00Z";  // in Berlin

PriceBook used_book() {
  return book_of({version("cpu", "core_hour", "1"), version("cpu", "core_hour", "2", kNewYear),
                  version("net_out", "gib", "3", "2026-02-01T10:15:00Z")},
                 "Europe/Berlin", "EUR");
}

TEST(PriceVersionUseTest, WhatIsAddedOrOfAnotherOrderIsNoChange) {
  EXPECT_EQ(changes(used_book(), used_book()), Lines{});
  EXPECT_EQ(changes(used_book(),
                    book_of({version("net_out", "gib", "3", "2026-02-01T10:15:00Z"),
                             version("memory", "gib_hour", "9"), version("cpu", "core_hour", "1"),
                             version("cpu", "core_hour", "2.0", kNewYear),
                             version("cpu", "core_hour", "4", "2026-11-30T23:00:00Z")},
                            "Europe/Berlin", "EUR")),
            Lines{});
}

TEST(PriceVersionUseTest, EachFieldThatChangesAPriceIsNoticed) {
  const auto with_second = [](PriceVersion second) {
    return book_of({version("cpu", "core_hour", "1"), std::move(second),
                    version("net_out", "gib", "3", "2026-02-01T10:15:00Z")},
                   "Europe/Berlin", "EUR");
  };
  const std::string second = std::string("cpu machine ") + kNewYear;
  EXPECT_EQ(changes(used_book(), with_second(version("cpu", "core_hour", "2.01", kNewYear))),
            Lines{second + " edited"});
  EXPECT_EQ(changes(used_book(), with_second(version("cpu", "core_second", "2", kNewYear))),
            Lines{second + " dropped"});
  EXPECT_EQ(changes(used_book(),
                    with_second(version("cpu", "core_hour", "2", kNewYear, BilledScopes::kParts))),
            Lines{second + " dropped"});
  EXPECT_EQ(
      changes(used_book(), with_second(version("cpu", "core_hour", "2", "2026-01-01T00:00:00Z"))),
      Lines{second + " dropped"});
  EXPECT_EQ(changes(used_book(), book_of({}, "Europe/Berlin", "EUR")).size(), 3U);
}

PriceBook book_in(const char* currency, const char* zone_name, int quantity_decimals = 9) {
  return PriceBook::create({Currency::parse(currency).value(),
                            zone(zone_name),
                            quantity_decimals,
                            {version("cpu", "core_hour", "1")}})
      .value();
}

TEST(PriceVersionUseTest, WhatAllPricesShareIsNoticedWhenItChanges) {
  const PriceBook before = book_in("EUR", "Europe/Berlin");
  EXPECT_EQ(changes(before, book_in("EUR", "Europe/Berlin")), Lines{});
  EXPECT_EQ(changes(before, book_in("JPY", "Europe/Berlin")),
            Lines{"currency EUR with 2 decimals → JPY with 0 decimals"});
  EXPECT_EQ(changes(before, book_in("EUR", "Europe/Berlin", 6)), Lines{"quantity_decimals 9 → 6"});
  EXPECT_EQ(changes(before, book_in("EUR", "UTC")), Lines{"time_zone Europe/Berlin → UTC"});
}

TEST(PriceVersionUseTest, AnotherNameOfTheSameMonthsOrNewDataOfTheSameZoneIsNoChange) {
  EXPECT_EQ(changes(book_in("EUR", "Asia/Kolkata"), book_in("EUR", "Asia/Calcutta")), Lines{});
  const PriceBook book = book_in("EUR", "Europe/Berlin");
  std::vector<PriceVersionUse> used = terms_of(book, sha256_hex);
  used.back().digest = "Europe/Berlin " + sha256_hex("months of older time-zone data");
  EXPECT_TRUE(changed_prices(book, used, sha256_hex).empty());
}

TEST(PriceVersionUseTest, TheCurrencyHasItsDecimals) {
  std::vector<PriceVersionUse> used = terms_of(book_in("EUR", "UTC"), sha256_hex);
  used.front().digest = "EUR with 3 decimals";
  const PriceBook book = book_in("EUR", "UTC");
  const auto changed = changed_prices(book, used, sha256_hex);
  ASSERT_EQ(changed.size(), 1U);
  EXPECT_EQ(to_text(changed.front(), book.zone()),
            "currency of the prices was changed from EUR with 3 decimals to EUR with 2 decimals "
            "after they were used, so bills of the past read differently: put it back, or begin a "
            "new ledger");
}

TEST(PriceVersionUseTest, TheSentenceHasLocalDateAndRemedy) {
  const PriceBook book = book_of({version("cpu", "core_hour", "5")}, "Europe/Berlin", "EUR");
  Lines found;
  for (const ChangedPrice& price : changed_prices(book, uses_of(used_book()), sha256_hex))
    found.push_back(to_text(price, book.zone()));
  EXPECT_EQ(found,
            (Lines{"the price of cpu per core_hour since always was edited after it was used: put "
                   "the old price back and add a new one with a later date",
                   "the price of cpu per core_hour since 2026-01-01 was removed after it was used: "
                   "put it back and add a new one with a later date",
                   "the price of net_out per gib since 2026-02-01 11:15 +01:00 was removed after "
                   "it was used: put it back and add a new one with a later date"}));
}

}  // namespace
}  // namespace meterbill
