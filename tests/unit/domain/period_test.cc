#include "domain/period.h"

#include <gtest/gtest.h>

#include "unit/domain/billing_support.h"

namespace meterbill {
namespace {

struct PeriodCase {
  const char* text;
  const char* zone;
  const char* begin;
  const char* end;
  std::int64_t hours;
};

TEST(PeriodTest, CoversMonthsAndDaysOfTheZone) {
  constexpr PeriodCase kCases[] = {
      {"2026-11", "UTC", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z", 720},
      {"2026-12", "UTC", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z", 744},
      {"2026-02", "UTC", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z", 672},
      {"2028-02", "UTC", "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z", 696},
      {"2028-02-29", "UTC", "2028-02-29T00:00:00Z", "2028-03-01T00:00:00Z", 24},
      {"2026-03", "Europe/Berlin", "2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z", 743},
      {"2026-10", "Europe/Berlin", "2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z", 745},
      {"2026-03-29", "Europe/Berlin", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", 23},
      {"2026-10-25", "Europe/Berlin", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", 25},
      {"2026-11-22", "Asia/Kathmandu", "2026-11-21T18:15:00Z", "2026-11-22T18:15:00Z", 24},
      // Clocks moved from 00:00 to 01:00: the day begins with the hour that is there.
      {"2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z", 23},
      {"2026-09..2026-10", "UTC", "2026-09-01T00:00:00Z", "2026-11-01T00:00:00Z", 1464},
  };
  for (const PeriodCase& row : kCases) {
    const auto period = parse_period(row.text, *zone(row.zone), UtcTime{});
    ASSERT_TRUE(period) << row.text << ": " << period.error().message;
    EXPECT_EQ(to_string(period.value().slots.begin), row.begin) << row.text;
    EXPECT_EQ(to_string(period.value().slots.end), row.end) << row.text;
    EXPECT_EQ(period.value().slots.end.since(period.value().slots.begin), row.hours * 4);
    EXPECT_EQ(period.value().text, row.text);
  }
}

TEST(PeriodTest, ThisAndLastMonthAreThoseOfTheZoneAtThatInstant) {
  const UtcTime now = at("2026-12-31T23:30:00Z");
  EXPECT_EQ(parse_period("this-month", *utc_zone(), now).value().text, "2026-12");
  EXPECT_EQ(parse_period("last-month", *utc_zone(), now).value().text, "2026-11");
  const auto berlin = zone("Europe/Berlin");
  EXPECT_EQ(parse_period("this-month", *berlin, now).value().text, "2027-01");
  EXPECT_EQ(parse_period("last-month", *berlin, now).value().text, "2026-12");
}

TEST(PeriodTest, MonthsCoverAllTimeOnce) {
  for (const char* name : {"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"}) {
    const auto here = zone(name);
    Period month = month_of(at("2025-01-01T12:00:00Z"), *here).value();
    for (int i = 0; i < 36; ++i) {
      const Period next = month_of(month.slots.end.start(), *here).value();
      EXPECT_EQ(next.slots.begin, month.slots.end) << name << " " << next.text;
      EXPECT_EQ(month_of(month.slots.end.plus(-1).start(), *here).value(), month);
      month = next;
    }
  }
}

TEST(PeriodTest, WhatIsNoPeriodIsRefused) {
  for (const char* text : {"", "2026", "2026-13", "2026-00", "2026-02-29", "2026-1", "26-11-22",
                           "2026-11-22T00:00:00Z", "next-month", "2026-11..", "..2026-11",
                           "2026-11..2026-10", "1969-12", "2026-11-2x", "2026/11"})
    EXPECT_FALSE(parse_period(text, *utc_zone(), UtcTime{})) << text;
}

TEST(PeriodTest, ADateThatClocksSkippedHasNoTime) {
  EXPECT_FALSE(parse_period("2011-12-30", *zone("Pacific/Apia"), UtcTime{}));
  EXPECT_TRUE(parse_period("2011-12-31", *zone("Pacific/Apia"), UtcTime{}));
}

/// A zone as they were before standard time: midnight falls between quarter hours.
class OddZone final : public TimeZone {
 public:
  UtcTime start_of(LocalDate date) const override {
    return {utc_zone()->start_of(date).us - 2'670 * std::int64_t{1'000'000}};
  }
  LocalTime local(UtcTime time) const override {
    LocalTime local = utc_zone()->local({time.us + 2'670 * std::int64_t{1'000'000}});
    local.offset_seconds = 2'670;
    return local;
  }
  const ZoneData& data() const override { return data_; }

 private:
  ZoneData data_{"Odd/Zone", "", ""};
};

TEST(PeriodTest, ABoundaryBetweenSlotsIsAnError) {
  const auto period = parse_period("2026-11", OddZone{}, UtcTime{});
  ASSERT_FALSE(period);
  EXPECT_NE(period.error().message.find("not on a quarter hour"), std::string::npos)
      << period.error().message;
}

TEST(TimeTextTest, ShowsLocalTimeWithOffset) {
  const auto berlin = zone("Europe/Berlin");
  EXPECT_EQ(local_text(*berlin, at("2026-11-22T14:30:00Z")), "2026-11-22 15:30 +01:00");
  EXPECT_EQ(local_text(*berlin, at("2026-07-01T22:00:05Z")), "2026-07-02 00:00:05 +02:00");
  EXPECT_EQ(local_rfc3339(*zone("America/St_Johns"), at("2026-11-22T14:30:00Z")),
            "2026-11-22T11:00:00-03:30");
  EXPECT_EQ(local_rfc3339(*utc_zone(), at("1969-12-31T23:59:59Z")), "1969-12-31T23:59:59+00:00");
}

}  // namespace
}  // namespace meterbill
