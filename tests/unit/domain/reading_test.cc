#include "domain/reading.h"

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <vector>

namespace meterbill {
namespace {

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

/// A machine of 2 cores and 1 GiB that ran for 300 s.
Reading machine_reading() {
  Reading reading;
  reading.scope = machine_scope();
  reading.cover = Cover{.from_us = 1000 * kSecond,
                        .to_us = 1300 * kSecond,
                        .metered_us = 300 * kSecond,
                        .estimated_us = 0,
                        .off_us = 0};
  reading.used = {{MeterName("cpu"), 123 * kSecond},
                  {MeterName("cpu_capacity"), 600 * kSecond},
                  {MeterName("memory"), 1'000'000},
                  {MeterName("memory_capacity"), 314'572'800},
                  {MeterName("uptime"), 300 * kSecond}};
  return reading;
}

struct PlausibleCase {
  const char* name;
  std::function<void(Reading&)> change;
  std::optional<Reason> want;
};
void PrintTo(const PlausibleCase& row, std::ostream* out) { *out << row.name; }

class PlausibleTest : public testing::TestWithParam<PlausibleCase> {};

TEST_P(PlausibleTest, IsDecidedFromTheOneReading) {
  Reading reading = machine_reading();
  GetParam().change(reading);
  const auto rejection = implausible(reading);
  ASSERT_EQ(rejection.has_value(), GetParam().want.has_value());
  if (rejection) {
    EXPECT_EQ(to_string(rejection->reason), to_string(*GetParam().want));
    EXPECT_FALSE(rejection->detail.empty());
  }
}

std::function<void(Reading&)> set(const char* meter, std::int64_t value) {
  return [=](Reading& reading) { reading.used[MeterName(meter)] = value; };
}
std::function<void(Reading&)> drop(const char* meter) {
  return [=](Reading& reading) { reading.used.erase(MeterName(meter)); };
}
std::function<void(Reading&)> cover(std::int64_t Cover::*field, std::int64_t value) {
  return [=](Reading& reading) { (*reading.cover).*field = value; };
}
template <class... Changes>
std::function<void(Reading&)> all(const Changes&... changes) {
  return [=](Reading& reading) { (changes(reading), ...); };
}
void as_part(Reading& reading) {
  reading.scope = ScopeName("service:nginx.service");
  reading.cover.reset();
  reading.used = {{MeterName("cpu"), 5}};
}

// The limit of 2 cores for 300 s: 600 s + 2 % + 2 × 50 ms.
constexpr std::int64_t kCpuLimit = 612 * kSecond + 100'000;

INSTANTIATE_TEST_SUITE_P(
    Rules, PlausibleTest,
    testing::Values(
        PlausibleCase{"as_it_is", [](Reading&) {}, {}},
        PlausibleCase{"nothing_used", [](Reading& reading) { reading.used.clear(); }, {}},
        PlausibleCase{"cpu_at_its_limit", set("cpu", kCpuLimit), {}},
        PlausibleCase{"cpu_over_its_limit", set("cpu", kCpuLimit + 1), Reason::kImplausible},
        PlausibleCase{"cpu_without_capacity", drop("cpu_capacity"), Reason::kNoCapacity},
        PlausibleCase{"memory_without_capacity", drop("memory_capacity"), Reason::kNoCapacity},
        PlausibleCase{"capacity_alone", all(drop("cpu"), drop("memory")), {}},
        PlausibleCase{"memory_at_its_limit", set("memory", 320'864'256), {}},
        PlausibleCase{"memory_over_its_limit", set("memory", 320'864'257), Reason::kImplausible},
        PlausibleCase{"uptime_over_the_time_covered", set("uptime", 300 * kSecond + 1),
                      Reason::kImplausible},
        PlausibleCase{
            "estimated_time_counts",
            all(cover(&Cover::metered_us, kSecond), cover(&Cover::estimated_us, 299 * kSecond)),
            {}},
        PlausibleCase{"off_does_not_count",
                      all(cover(&Cover::metered_us, 0), cover(&Cover::off_us, 300 * kSecond)),
                      Reason::kImplausible},
        PlausibleCase{"cores_at_their_limit", set("cpu_capacity", 8'192L * 300 * kSecond), {}},
        PlausibleCase{"too_many_cores", set("cpu_capacity", 8'192L * 300 * kSecond + 1),
                      Reason::kImplausible},
        PlausibleCase{"cores_without_uptime_are_those_of_the_time_covered",
                      all(drop("uptime"), set("cpu", kCpuLimit)),
                      {}},
        PlausibleCase{"cpu_over_its_limit_without_uptime",
                      all(drop("uptime"), set("cpu", kCpuLimit + 1)), Reason::kImplausible},
        PlausibleCase{"too_many_cores_without_uptime",
                      all(drop("uptime"), set("cpu_capacity", 8'192L * 300 * kSecond + 1)),
                      Reason::kImplausible},
        PlausibleCase{"capacity_in_no_time", set("uptime", 0), Reason::kImplausible},
        PlausibleCase{
            "no_time_and_no_use", all(set("uptime", 0), set("cpu", 0), set("cpu_capacity", 0)), {}},
        PlausibleCase{"other_meter_at_its_limit", set("net_out", std::int64_t{1} << 53), {}},
        PlausibleCase{"other_meter_over_its_limit", set("net_out", (std::int64_t{1} << 53) + 1),
                      Reason::kImplausible},
        PlausibleCase{"greatest_number", set("net_out", kMax), Reason::kImplausible},
        PlausibleCase{"greatest_cpu_and_capacity",
                      all(set("cpu", kMax), set("cpu_capacity", kMax), set("uptime", kMax)),
                      Reason::kImplausible},
        PlausibleCase{"negative", set("net_out", -1), Reason::kImplausible},
        PlausibleCase{"metered_as_long_as_the_clocks_may_be_apart",
                      cover(&Cover::metered_us, 301 * kSecond),
                      {}},
        PlausibleCase{"metered_longer_than_it_took", cover(&Cover::metered_us, 301 * kSecond + 1),
                      Reason::kImplausible},
        PlausibleCase{"off_may_lie_outside", cover(&Cover::off_us, 9'000 * kSecond), {}},
        PlausibleCase{"to_before_from", cover(&Cover::to_us, 1000 * kSecond - 1),
                      Reason::kImplausible},
        PlausibleCase{"greatest_time", cover(&Cover::estimated_us, kMax), Reason::kImplausible},
        PlausibleCase{"negative_time", cover(&Cover::off_us, -1), Reason::kImplausible},
        PlausibleCase{"machine_without_cover", [](Reading& reading) { reading.cover.reset(); },
                      Reason::kMissingField},
        PlausibleCase{"a_part_needs_no_capacity", as_part, {}},
        PlausibleCase{"a_part_over_the_limit",
                      all(as_part, set("cpu", (std::int64_t{1} << 53) + 1)), Reason::kImplausible}),
    [](const auto& param) { return std::string(param.param.name); });

TEST(ReadingTest, CpuToleranceIsFiftyMillisecondsACoreAndTwoPercent) {
  EXPECT_EQ(cpu_limit_us(0, 0), 50'000);
  EXPECT_EQ(cpu_limit_us(600 * kSecond, 300 * kSecond), kCpuLimit);
  EXPECT_EQ(cpu_limit_us(601 * kSecond, 300 * kSecond), 613 * kSecond + 20'000 + 150'000);
}

TEST(ReadingTest, NoRecordTimeIsTooGreatToCompareWith) {
  constexpr UtcTime kFirst{std::numeric_limits<std::int64_t>::min()};
  constexpr UtcTime kLast{kMax};
  for (const Slot slot : {kCalendar.begin, kCalendar.end.plus(-1)}) {
    EXPECT_EQ(untimely(slot, kFirst, kFirst)->reason, Reason::kFuture);
    EXPECT_FALSE(untimely(slot, kLast, slot.start()));
  }
  EXPECT_EQ(outside_calendar(Slot::containing(kFirst))->reason, Reason::kBadSlot);
  EXPECT_EQ(outside_calendar(Slot::containing(kLast))->reason, Reason::kBadSlot);
}

TEST(ReadingTest, TheCalendarIsTheYears2000To2199) {
  EXPECT_EQ(to_string(kCalendar.begin), "2000-01-01T00:00:00Z");
  EXPECT_EQ(to_string(kCalendar.end), "2200-01-01T00:00:00Z");
  EXPECT_FALSE(outside_calendar(kCalendar.begin));
  EXPECT_FALSE(outside_calendar(kCalendar.end.plus(-1)));
  EXPECT_TRUE(outside_calendar(kCalendar.begin.plus(-1)));
  EXPECT_TRUE(outside_calendar(kCalendar.end));
}

struct TimeCase {
  const char* name;
  std::int64_t recorded_s, now_s;  // relative to the slot's start
  std::optional<Reason> want;
};
void PrintTo(const TimeCase& row, std::ostream* out) { *out << row.name; }

class UntimelyTest : public testing::TestWithParam<TimeCase> {};

TEST_P(UntimelyTest, SlotsAreBookedNeitherTooEarlyNorTooLate) {
  const Slot slot = Slot::parse("2026-11-22T10:15:00Z").value();
  const auto at = [&](std::int64_t seconds) {
    return UtcTime{slot.start().us + seconds * kSecond};
  };
  const auto rejection = untimely(slot, at(GetParam().recorded_s), at(GetParam().now_s));
  ASSERT_EQ(rejection.has_value(), GetParam().want.has_value());
  if (rejection) {
    EXPECT_EQ(to_string(rejection->reason), to_string(*GetParam().want));
  }
}

constexpr std::int64_t kAge = 400LL * 24 * 3600;
INSTANTIATE_TEST_SUITE_P(Rules, UntimelyTest,
                         testing::Values(TimeCase{"running_slot", 600, 600, {}},
                                         TimeCase{"five_minutes_ahead", -300, -300, {}},
                                         TimeCase{"ahead_of_the_record", -301, 0, Reason::kFuture},
                                         TimeCase{"ahead_of_the_worker", 0, -301, Reason::kFuture},
                                         TimeCase{"400_days_old", kAge, kAge, {}},
                                         TimeCase{"older", kAge, kAge + 1, Reason::kTooOld},
                                         TimeCase{"recorded_long_ago_but_young", 0, 3600, {}}),
                         [](const auto& param) { return std::string(param.param.name); });

}  // namespace
}  // namespace meterbill
