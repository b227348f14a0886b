#include "adapters/time_zone/host_time_zones.h"

#include <gtest/gtest.h>

#include "adapters/openssl/sha256.h"
#include "adapters/time_zone/posix_rule.h"
#include "domain/slot.h"

namespace meterbill {
namespace {

using namespace std::chrono_literals;

const HostTimeZones& zones() {
  static const HostTimeZones kZones{sha256_hex};
  return kZones;
}

UtcTime at(std::string_view text) { return parse_utc(text).value(); }

TEST(HostTimeZonesTest, DaysBeginAsTheZonesRulesSay) {
  struct Case {
    const char* zone;
    LocalDate date;
    const char* start;
  };
  const Case cases[] = {
      {"UTC", 2026y / 11 / 1, "2026-11-01T00:00:00Z"},
      {"Europe/Berlin", 2026y / 3 / 29, "2026-03-28T23:00:00Z"},
      {"Europe/Berlin", 2026y / 3 / 30, "2026-03-29T22:00:00Z"},
      {"Europe/Berlin", 2026y / 10 / 25, "2026-10-24T22:00:00Z"},
      {"Europe/Berlin", 2026y / 10 / 26, "2026-10-25T23:00:00Z"},
      {"Asia/Kathmandu", 2026y / 1 / 1, "2025-12-31T18:15:00Z"},
      // Midnight does not exist: the day begins when clocks are moved over it.
      {"America/Sao_Paulo", 2018y / 11 / 4, "2018-11-04T03:00:00Z"},
      // Midnight exists twice: the day begins with the first.
      {"America/Havana", 2026y / 11 / 1, "2026-11-01T04:00:00Z"},
      // The rule after the listed changes; the south turns the year in summer time.
      {"Europe/Berlin", 2050y / 7 / 1, "2050-06-30T22:00:00Z"},
      {"Australia/Sydney", 2150y / 1 / 1, "2149-12-31T13:00:00Z"},
      {"America/New_York", 2199y / 12 / 1, "2199-12-01T05:00:00Z"},
  };
  for (const Case& row : cases) {
    const auto zone = zones().find(row.zone).value();
    EXPECT_EQ(to_string(zone->start_of(row.date)), row.start) << row.zone;
  }
}

TEST(HostTimeZonesTest, ADayStartsWithItsDateAndTheInstantBeforeIsAnotherDay) {
  for (const char* name : {"Europe/Berlin", "America/Sao_Paulo", "Asia/Beirut", "Africa/Cairo",
                           "America/Havana", "Australia/Lord_Howe", "America/Nuuk", "Europe/Dublin",
                           "Africa/Casablanca", "Pacific/Chatham", "America/St_Johns"}) {
    const auto zone = zones().find(name).value();
    for (std::chrono::sys_days day = 2015y / 1 / 1; day < std::chrono::sys_days{2045y / 1 / 1};
         day += std::chrono::days{1}) {
      const LocalDate date{day};
      const UtcTime start = zone->start_of(date);
      ASSERT_EQ(zone->local(start).date, date) << name;
      ASSERT_LT(zone->local({start.us - 1}).date, date) << name << to_string(date);
    }
  }
}

TEST(HostTimeZonesTest, LocalTimeCarriesItsOffset) {
  const auto zone = zones().find("Europe/Berlin").value();
  EXPECT_EQ(local_text(*zone, at("2026-10-25T00:59:00Z")), "2026-10-25 02:59 +02:00");
  EXPECT_EQ(local_text(*zone, at("2026-10-25T01:00:00Z")), "2026-10-25 02:00 +01:00");
}

TEST(HostTimeZonesTest, AZoneSaysWhichDataItStandsOn) {
  const ZoneData data = zones().find("Europe/Berlin").value()->data();
  EXPECT_EQ(data.name, "Europe/Berlin");
  EXPECT_EQ(data.digest.size(), 64U);
  const ZoneData other = zones().find("Europe/London").value()->data();
  EXPECT_NE(data.digest, other.digest);
  EXPECT_EQ(data.version, other.version);
}

TEST(HostTimeZonesTest, UtcNeedsNoDatabase) {
  const HostTimeZones nowhere{sha256_hex, "/nonexistent"};
  EXPECT_EQ(nowhere.find("UTC").value()->data().digest, "");
  EXPECT_FALSE(nowhere.find("Europe/Berlin"));
}

TEST(HostTimeZonesTest, AnUnknownZoneNamesTheNearest) {
  const auto zone = zones().find("Europe/Berln");
  ASSERT_FALSE(zone);
  EXPECT_EQ(zone.error().code, Code::kNotFound);
  EXPECT_NE(zone.error().message.find("did you mean Europe/Berlin?"), std::string::npos)
      << zone.error().message;
  for (const char* name : {"", "../../etc/passwd", "/etc/passwd", "Mars/Olympus", "utc+1"})
    EXPECT_FALSE(zones().find(name)) << name;
}

TEST(PosixRuleTest, GivesTheOffsetAtAnInstant) {
  struct Case {
    const char* rule;
    const char* at;
    std::int64_t offset;
  };
  constexpr Case kCases[] = {
      {"<+0545>-5:45", "2150-07-01T00:00:00Z", 20'700},
      {"EST5", "2050-07-01T00:00:00Z", -18'000},
      {"CET-1CEST,M3.5.0,M10.5.0/3", "2050-03-27T00:59:59Z", 3'600},
      {"CET-1CEST,M3.5.0,M10.5.0/3", "2050-03-27T01:00:00Z", 7'200},
      {"CET-1CEST,M3.5.0,M10.5.0/3", "2050-10-30T00:59:59Z", 7'200},
      {"CET-1CEST,M3.5.0,M10.5.0/3", "2050-10-30T01:00:00Z", 3'600},
      {"AEST-10AEDT,M10.1.0,M4.1.0/3", "2050-12-31T23:00:00Z", 39'600},
      {"AEST-10AEDT,M10.1.0,M4.1.0/3", "2050-07-01T00:00:00Z", 36'000},
      // Irish winter time is the exception to its standard time, and negative hours exist.
      {"IST-1GMT0,M10.5.0,M3.5.0/1", "2050-01-01T00:00:00Z", 0},
      {"IST-1GMT0,M10.5.0,M3.5.0/1", "2050-07-01T00:00:00Z", 3'600},
      {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2050-03-27T00:59:59Z", -7'200},
      {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2050-03-27T01:00:00Z", -3'600},
      {"AAA0BBB,J60/0,J300/0", "2048-03-01T00:00:00Z", 3'600},
      {"AAA0BBB,J60/0,J300/0", "2048-02-29T23:59:59Z", 0},
      {"AAA0BBB,59/0,300/0", "2048-02-29T00:00:00Z", 3'600},
  };
  for (const Case& row : kCases) {
    const auto rule = PosixRule::parse(row.rule);
    ASSERT_TRUE(rule) << row.rule;
    EXPECT_EQ(rule.value().offset_at(at(row.at).us / 1'000'000), row.offset)
        << row.rule << " " << row.at;
  }
}

TEST(PosixRuleTest, WhatIsNoRuleIsRefused) {
  for (const char* text :
       {"", "C-1", "CET", "CET-1CEST", "CET-1CEST,M3.5.0", "<+05", "CET-1x",
        "CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M3.5.7,M10.5.0",
        "CET-1CEST,M3.5.0,M10.5.0/3 ", "CET-999CEST,M3.5.0,M10.5.0"})
    EXPECT_FALSE(PosixRule::parse(text)) << text;
}

}  // namespace
}  // namespace meterbill
