#include "domain/price_book.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "domain/period.h"
#include "unit/domain/billing_support.h"

namespace meterbill {
namespace {

const MeterName kCpu{"cpu"};

std::string price_at(const PriceBook& book, const MeterName& meter, std::string_view text) {
  const PriceVersion* found = book.price_version_at(meter, slot(text));
  return found == nullptr ? "none" : to_string(found->price);
}

TEST(PriceBookTest, TheNewestVersionAtOrBeforeTheSlotHolds) {
  const PriceBook book = book_of({version("cpu", "core_hour", "3", "2026-11-15T12:15:00Z"),
                                  version("cpu", "core_hour", "1"),
                                  version("cpu", "core_hour", "2", "2026-01-01T00:00:00Z")});
  EXPECT_EQ(price_at(book, kCpu, "2020-01-01T00:00:00Z"), "1");
  EXPECT_EQ(price_at(book, kCpu, "2025-12-31T23:45:00Z"), "1");
  EXPECT_EQ(price_at(book, kCpu, "2026-01-01T00:00:00Z"), "2");
  EXPECT_EQ(price_at(book, kCpu, "2026-11-15T12:00:00Z"), "2");
  EXPECT_EQ(price_at(book, kCpu, "2026-11-15T12:15:00Z"), "3");
  EXPECT_EQ(price_at(book, kCpu, "2199-01-01T00:00:00Z"), "3");
}

TEST(PriceBookTest, BeforeTheFirstVersionThereIsNoPrice) {
  const PriceBook book = book_of({version("cpu", "core_hour", "2", "2026-01-01T00:00:00Z")});
  EXPECT_EQ(price_at(book, kCpu, "2025-12-31T23:45:00Z"), "none");
  EXPECT_EQ(price_at(book, MeterName{"memory"}, "2026-01-01T00:00:00Z"), "none");
}

TEST(PriceBookTest, TwoVersionsFromTheSameSlotAreRefused) {
  const auto create = [](std::vector<PriceVersion> versions) {
    return PriceBook::create({Currency::parse("USD").value(), utc_zone(), 9, std::move(versions)});
  };
  EXPECT_FALSE(create({version("cpu", "core_hour", "1"), version("cpu", "core_second", "2")}));
  EXPECT_FALSE(
      create({version("cpu", "core_hour", "1", "2026-01-01T00:00:00Z"),
              version("cpu", "core_hour", "1", "2026-01-01T00:00:00Z", BilledScopes::kParts)}));
  EXPECT_TRUE(create({version("cpu", "core_hour", "1"), version("memory", "gib_hour", "1")}));
}

TEST(PriceBookTest, QuantityDecimalsOutsideTheirRangeAreRefused) {
  for (const int decimals : {-1, 10})
    EXPECT_FALSE(PriceBook::create({Currency::parse("USD").value(), utc_zone(), decimals, {}}));
}

TEST(PriceBookTest, ASegmentIsAMonthOfTheZoneCutByTheMetersVersions) {
  const PriceBook book = book_of(
      {version("cpu", "core_hour", "1"), version("cpu", "core_hour", "2", "2026-11-15T12:15:00Z"),
       version("memory", "gib_hour", "1", "2026-11-20T00:00:00Z")},
      "Europe/Berlin");
  struct Case {
    const char* meter;
    const char* in;
    const char* start;
  };
  constexpr Case kCases[] = {
      {"cpu", "2026-11-01T00:00:00Z", "2026-10-31T23:00:00Z"},
      {"cpu", "2026-10-31T23:00:00Z", "2026-10-31T23:00:00Z"},
      {"cpu", "2026-10-31T22:45:00Z", "2026-09-30T22:00:00Z"},
      {"cpu", "2026-11-15T12:00:00Z", "2026-10-31T23:00:00Z"},
      {"cpu", "2026-11-15T12:15:00Z", "2026-11-15T12:15:00Z"},
      {"cpu", "2026-11-30T22:45:00Z", "2026-11-15T12:15:00Z"},
      {"cpu", "2026-11-30T23:00:00Z", "2026-11-30T23:00:00Z"},
      {"memory", "2026-11-19T23:45:00Z", "2026-10-31T23:00:00Z"},
      {"memory", "2026-11-20T00:00:00Z", "2026-11-20T00:00:00Z"},
      {"disk_read", "2026-11-20T00:00:00Z", "2026-10-31T23:00:00Z"},
      {"cpu", "2199-12-31T22:45:00Z", "2199-11-30T23:00:00Z"},
      {"cpu", "1999-06-01T00:00:00Z", "1970-01-01T00:00:00Z"},
  };
  for (const Case& row : kCases)
    EXPECT_EQ(to_string(book.segment_start(MeterName{row.meter}, slot(row.in))), row.start)
        << row.meter << " " << row.in;
}

TEST(PriceBookTest, ASegmentHoldsOnePriceAndOneMonthAndNothingCouldBeAdded) {
  const PriceBook book = book_of(
      {version("cpu", "core_hour", "1"), version("cpu", "core_hour", "2", "2026-03-29T01:00:00Z"),
       version("cpu", "core_hour", "3", "2026-10-25T00:45:00Z")},
      "Europe/Berlin");
  const Slot end = slot("2027-01-02T00:00:00Z");
  for (Slot at = slot("2025-12-30T00:00:00Z"); at < end; at = at.next()) {
    const Slot start = book.segment_start(kCpu, at);
    EXPECT_EQ(book.segment_start(kCpu, start), start);
    EXPECT_EQ(book.price_version_at(kCpu, start), book.price_version_at(kCpu, at));
    const auto month = [&](Slot of) { return month_of(of.start(), book.zone()).value(); };
    EXPECT_EQ(month(start), month(at));
    const bool cuts_a_month = start == at && at != month(at).slots.begin;
    EXPECT_FALSE(cuts_a_month &&
                 book.price_version_at(kCpu, at.plus(-1)) == book.price_version_at(kCpu, at));
  }
}

TEST(PriceBookTest, SegmentsTextChangesWithSegmentsAndTheirVersionsButNotWithPrices) {
  const std::string text =
      book_of({version("cpu", "core_hour", "1", "2026-01-01T00:00:00Z")}).segments_text();
  EXPECT_EQ(text,
            book_of({version("cpu", "core_hour", "2", "2026-01-01T00:00:00Z")}).segments_text());
  EXPECT_NE(text,
            book_of({version("cpu", "core_second", "1", "2026-01-01T00:00:00Z")}).segments_text());
  EXPECT_NE(
      text,
      book_of({version("cpu", "core_hour", "1", "2026-01-01T00:00:00Z", BilledScopes::kParts)})
          .segments_text());
  EXPECT_NE(text,
            book_of({version("cpu", "core_hour", "1", "2026-01-01T00:15:00Z")}).segments_text());
  EXPECT_NE(text,
            book_of({version("memory", "gib_hour", "1", "2026-01-01T00:00:00Z")}).segments_text());
  EXPECT_NE(text,
            book_of({version("cpu", "core_hour", "1", "2026-01-01T00:00:00Z")}, "Europe/Berlin")
                .segments_text());
}

TEST(PriceBookTest, ItsTextHoldsEverythingABillDependsOn) {
  const PriceBook book =
      book_of({version("memory", "gib_hour", "0.0025"),
               version("cpu", "core_hour", "0.020", "2026-01-01T00:00:00Z", BilledScopes::kParts)});
  EXPECT_EQ(book.text(),
            "currency USD\n"
            "time_zone UTC\n"
            "quantity_decimals 9\n"
            "price cpu core_hour parts 2026-01-01T00:00:00Z 0.02\n"
            "price memory gib_hour machine always 0.0025\n");
}

TEST(PriceBookTest, APriceBillsTheMachineOrItsPartsNeverViews) {
  const PriceVersion machine = version("cpu", "core_hour", "1");
  const PriceVersion parts = version("cpu", "core_hour", "1", "", BilledScopes::kParts);
  for (const char* scope : {"machine", "service:nginx.service", "other", "view:cores"}) {
    EXPECT_EQ(bills(machine, ScopeName{scope}), scope == std::string("machine")) << scope;
    EXPECT_EQ(bills(parts, ScopeName{scope}),
              scope == std::string("other") || scope == std::string("service:nginx.service"))
        << scope;
  }
}

TEST(MeterOrderTest, KnownMetersComeFirstInTheirOrder) {
  std::vector<MeterName> meters{MeterName{"zebra"}, MeterName{"cpu_usage"}, MeterName{"api_calls"},
                                MeterName{"memory"}, MeterName{"cpu"}};
  std::ranges::sort(meters, MeterOrder{});
  EXPECT_EQ(meters,
            (std::vector<MeterName>{MeterName{"cpu"}, MeterName{"memory"}, MeterName{"cpu_usage"},
                                    MeterName{"api_calls"}, MeterName{"zebra"}}));
}

}  // namespace
}  // namespace meterbill
