#include "domain/slot.h"

#include <gtest/gtest.h>

#include <limits>

namespace meterbill {
namespace {

constexpr std::int64_t kQuarter = Slot::kMicroseconds;

TEST(SlotTest, AnInstantOnTheBoundaryBelongsToTheNewerSlot) {
  EXPECT_EQ(Slot::containing({kQuarter - 1}).start().us, 0);
  EXPECT_EQ(Slot::containing({kQuarter}).start().us, kQuarter);
  EXPECT_EQ(Slot::containing({kQuarter}).end().us, 2 * kQuarter);
}

TEST(SlotTest, InstantsBefore1970LieInTheSlotThatBeganBeforeThem) {
  EXPECT_EQ(Slot::containing({-1}).start().us, -kQuarter);
  EXPECT_EQ(Slot::containing({-kQuarter}).start().us, -kQuarter);
  EXPECT_EQ(Slot::containing({-kQuarter - 1}).start().us, -2 * kQuarter);
}

TEST(SlotTest, SlotsAreCountedAndCompared) {
  const Slot slot = Slot::from_unix_seconds(1'795'342'500).value();
  EXPECT_EQ(slot.unix_seconds(), 1'795'342'500);
  EXPECT_EQ(slot.next().since(slot), 1);
  EXPECT_EQ(slot.plus(-4).since(slot), -4);
  EXPECT_LT(slot, slot.next());
  const SlotRange range{.begin = slot, .end = slot.plus(2)};
  EXPECT_TRUE(range.contains(slot));
  EXPECT_FALSE(range.contains(slot.plus(2)));
}

struct SlotCase {
  const char* name;
  const char* text;
  std::int64_t seconds;  // -1: refused
};
void PrintTo(const SlotCase& row, std::ostream* out) { *out << row.name; }

class SlotTextTest : public testing::TestWithParam<SlotCase> {};

TEST_P(SlotTextTest, IsReadOnlyInOneForm) {
  const auto slot = Slot::parse(GetParam().text);
  ASSERT_EQ(slot.has_value(), GetParam().seconds >= 0) << GetParam().text;
  if (!slot) {
    EXPECT_EQ(slot.error().code, Code::kInvalid);
    return;
  }
  EXPECT_EQ(slot.value().unix_seconds(), GetParam().seconds);
  EXPECT_EQ(to_string(slot.value()), GetParam().text);
}

INSTANTIATE_TEST_SUITE_P(
    Texts, SlotTextTest,
    testing::Values(SlotCase{"of_the_design", "2026-11-22T10:15:00Z", 1'795'342'500},
                    SlotCase{"begin_of_time", "1970-01-01T00:00:00Z", 0},
                    SlotCase{"leap_day", "2028-02-29T23:45:00Z", 1'835'480'700},
                    SlotCase{"no_leap_day", "2026-02-29T00:00:00Z", -1},
                    SlotCase{"off_the_quarter", "2026-11-22T10:16:00Z", -1},
                    SlotCase{"one_second_off", "2026-11-22T10:15:01Z", -1},
                    SlotCase{"fraction", "2026-11-22T10:15:00.0Z", -1},
                    SlotCase{"offset", "2026-11-22T10:15:00+00:00", -1},
                    SlotCase{"no_zone", "2026-11-22T10:15:00", -1},
                    SlotCase{"small_letters", "2026-11-22t10:15:00z", -1},
                    SlotCase{"space", "2026-11-22 10:15:00Z", -1},
                    SlotCase{"month_13", "2026-13-22T10:15:00Z", -1},
                    SlotCase{"hour_24", "2026-11-22T24:00:00Z", -1},
                    SlotCase{"minute_60", "2026-11-22T10:60:00Z", -1},
                    SlotCase{"signs", "+026-11-22T10:15:00Z", -1},
                    SlotCase{"seconds_of_1970", "1795342500", -1}, SlotCase{"empty", "", -1}),
    [](const auto& param) { return std::string(param.param.name); });

struct UtcCase {
  const char* name;
  const char* text;
  std::int64_t us;  // kRefused
};
constexpr std::int64_t kRefused = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kNoon = 1'795'348'800'000'000;
void PrintTo(const UtcCase& row, std::ostream* out) { *out << row.name; }

class UtcTextTest : public testing::TestWithParam<UtcCase> {};

TEST_P(UtcTextTest, IsAnInstantOfRfc3339) {
  const auto time = parse_utc(GetParam().text);
  ASSERT_EQ(time.has_value(), GetParam().us != kRefused) << GetParam().text;
  if (time) {
    EXPECT_EQ(time.value().us, GetParam().us);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Texts, UtcTextTest,
    testing::Values(UtcCase{"zulu", "2026-11-22T12:00:00Z", kNoon},
                    UtcCase{"milliseconds", "2026-11-22T12:00:00.250Z", kNoon + 250'000},
                    UtcCase{"more_digits_are_cut", "2026-11-22T12:00:00.1234569Z", kNoon + 123'456},
                    UtcCase{"east", "2026-11-22T13:30:00+01:30", kNoon},
                    UtcCase{"west", "2026-11-22T07:00:00-05:00", kNoon},
                    UtcCase{"before_1970", "1969-12-31T23:59:59.5Z", -500'000},
                    UtcCase{"empty_fraction", "2026-11-22T12:00:00.Z", kRefused},
                    UtcCase{"no_zone", "2026-11-22T12:00:00", kRefused},
                    UtcCase{"something_behind", "2026-11-22T12:00:00Z ", kRefused},
                    UtcCase{"offset_of_24_hours", "2026-11-22T12:00:00+24:00", kRefused},
                    UtcCase{"leap_second", "2016-12-31T23:59:60Z", kRefused},
                    UtcCase{"date_only", "2026-11-22", kRefused}),
    [](const auto& param) { return std::string(param.param.name); });

TEST(SlotTest, UnixSecondsMustBeOnAQuarterHour) {
  EXPECT_EQ(Slot::from_unix_seconds(-900).value().unix_seconds(), -900);
  ASSERT_FALSE(Slot::from_unix_seconds(899));
  EXPECT_FALSE(Slot::from_unix_seconds(-1));
}

TEST(SlotTest, AnInstantWithinAQuarterHourIsNamedAsItWasWritten) {
  EXPECT_EQ(Slot::parse("2026-11-22T10:16:00Z").error().message,
            "'2026-11-22T10:16:00Z' is not on a quarter hour");
}

}  // namespace
}  // namespace meterbill
