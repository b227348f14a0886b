#include "domain/price_version_use.h"

#include <gtest/gtest.h>

#include "unit/domain/billing_support.h"

namespace meterbill {
namespace {

/// All versions of a book, as a ledger that has used them remembers them.
std::vector<PriceVersionUse> uses_of(const PriceBook& book) {
  std::vector<PriceVersionUse> uses;
  for (const PriceVersion& version : book.versions()) uses.push_back(use_of(version, sha256_hex));
  return uses;
}

std::vector<std::string> changes(const PriceBook& before, const PriceBook& after) {
  std::vector<std::string> found;
  for (const ChangedPrice& price : changed_prices(after, uses_of(before), sha256_hex))
    found.push_back(price.used.meter + " " + price.used.scopes + " " + price.used.from +
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
  EXPECT_EQ(changes(used_book(), book_of({})).size(), 3U);
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
