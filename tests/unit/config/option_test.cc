#include "config/option.h"

#include <gtest/gtest.h>

namespace meterbill {
namespace {

using std::chrono::microseconds;

struct DurationCase {
  std::string_view text;
  std::int64_t want_us;  ///< -1: refused
};

TEST(OptionTest, ADurationHasAUnit) {
  constexpr DurationCase kCases[] = {
      {"10s", 10'000'000},
      {"10 s", 10'000'000},
      {"50ms", 50'000},
      {"7us", 7},
      {"5min", 300'000'000},
      {"2h", 7'200'000'000},
      {"0s", 0},
      {"35d", 3'024'000'000'000},
      {"10", -1},
      {"s", -1},
      {"", -1},
      {"-1s", -1},
      {"1.5s", -1},
      {"10m", -1},
      {"10S", -1},
      {"010s", -1},
      {"10s ", -1},
      {"99999999999d", -1},
      {"10  s", -1},
      {"0x1s", -1},
  };
  for (const DurationCase& row : kCases) {
    const auto got = parse_duration(row.text);
    EXPECT_EQ(got ? got.value().count() : -1, row.want_us) << row.text;
  }
}

TEST(OptionTest, AMissingUnitIsNamedWithAllUnitsAndAnExample) {
  EXPECT_EQ(parse_duration("10").error().message,
            "'10' needs one of the units us, ms, s, min, h, d, for example 10s");
}

TEST(OptionTest, AFractionIsToldToBeNoWholeNumber) {
  for (const char* text : {"0.5s", "1,5s"}) {
    const auto parsed = parse_duration(text);
    ASSERT_FALSE(parsed);
    EXPECT_NE(parsed.error().message.find("is not a whole number with a unit"), std::string::npos)
        << parsed.error().message;
  }
}

TEST(OptionTest, ASizeKnowsBinaryAndDecimalUnits) {
  EXPECT_EQ(parse_size("64MiB").value(), 67'108'864);
  EXPECT_EQ(parse_size("1TiB").value(), 1'099'511'627'776);
  EXPECT_EQ(parse_size("64MB").value(), 64'000'000);
  EXPECT_EQ(parse_size("1B").value(), 1);
  for (const char* text : {"64", "64Mb", "64M", "1.5GiB", "9999999TiB", "MiB"})
    EXPECT_FALSE(parse_size(text)) << text;
}

TEST(OptionTest, BothEndsOfARangeBelongToIt) {
  const Option option{
      .name = "x.y", .type = OptionType::kDuration, .minimum = "1s", .maximum = "5min"};
  EXPECT_TRUE(parse_value(option, "1s"));
  EXPECT_TRUE(parse_value(option, "300s"));
  EXPECT_EQ(parse_value(option, "999ms").error().message,
            "'999ms' is outside the range 1s to 5min");
  EXPECT_FALSE(parse_value(option, "301s"));
}

TEST(OptionTest, LabelsAreReadAsTheyAreWritten) {
  const Labels labels{{"site", "lab-3"}, {"odd", "a,b=c\\d"}, {"empty", ""}};
  EXPECT_EQ(parse_labels(to_text(labels)).value(), labels);
  EXPECT_EQ(parse_labels("").value(), Labels{});
  EXPECT_EQ(parse_labels("a=b=c").value(), (Labels{{"a", "b=c"}}));
  for (const char* text : {"site", "=x", "Site=x", "a=1,a=2", "a=1,", ",a=1", "a=\x01", "a=\xff"})
    EXPECT_FALSE(parse_labels(text)) << text;
}

TEST(OptionTest, LabelsHaveLimits) {
  std::string text = "k0=v";
  for (int i = 1; i < 16; ++i) text += ",k" + std::to_string(i) + "=v";
  EXPECT_TRUE(parse_labels(text));
  EXPECT_FALSE(parse_labels(text + ",more=v"));
  EXPECT_TRUE(parse_labels("k=" + std::string(255, 'v')));
  EXPECT_FALSE(parse_labels("k=" + std::string(256, 'v')));
}

TEST(OptionTest, EveryTypeReadsItsOwnFormAndRefusesOthers) {
  struct TypeCase {
    OptionType type;
    std::string_view good;
    std::string_view bad;
  };
  constexpr TypeCase kCases[] = {
      {OptionType::kText, "any text", "\x01"},
      {OptionType::kPath, "/var/lib/x y", "/x\ny"},
      {OptionType::kCount, "512", "-1"},
      {OptionType::kCount, "0", "1e3"},
      {OptionType::kBool, "true", "yes"},
      {OptionType::kBool, "false", "False"},
      {OptionType::kChoice, "info", "inf"},
      {OptionType::kChoice, "error", "info|error"},
      {OptionType::kChoice, "debug", ""},
      {OptionType::kMachineId, "web-1", "-rf"},
      {OptionType::kMachineId, "", "a b"},
      {OptionType::kHosts, "meter.example, 192.0.2.7", "meter.example:80"},
      {OptionType::kHosts, "", "a,,b"},
      {OptionType::kListen, "off", "Off"},
      {OptionType::kListen, "0.0.0.0:5001", "5001"},
      {OptionType::kSink, "kafka://a:1,b:2/t", "off"},
      {OptionType::kSink, "http://a:1", "ftp://a:1"},
      {OptionType::kSink, "https://a", "https://a/b"},
      {OptionType::kProxy, "http://a:3128", "https://a:3128"},
      {OptionType::kProxy, "", "off"},
      {OptionType::kKafka, "off", "http://a:1"},
      {OptionType::kKafka, "kafka://a/t", "a:9092"},
  };
  for (const TypeCase& row : kCases) {
    const Option option{.name = "x.y", .type = row.type, .choices = "error|info|debug"};
    EXPECT_TRUE(parse_value(option, row.good)) << row.good;
    EXPECT_FALSE(parse_value(option, row.bad)) << row.bad;
  }
}

TEST(OptionTest, AWrongSecretIsNotRepeated) {
  const Option option{.name = "x.y", .type = OptionType::kCount, .secret = true};
  EXPECT_EQ(parse_value(option, "hunter2").error().message, "the value is not a whole number");
}

TEST(OptionTest, AnAddressWithAPasswordIsNotRepeated) {
  const Option option{.name = "x.y", .type = OptionType::kSink};
  EXPECT_EQ(parse_value(option, "ftp://u:hunter2@a").error().message.find("hunter2"),
            std::string::npos);
}

}  // namespace
}  // namespace meterbill
