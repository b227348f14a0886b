#include "wire/decode.h"

#include <gtest/gtest.h>

#include <limits>

#include "unit/wire/wire_support.h"

namespace meterbill {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

TEST(DecodeTest, TheExampleIsReadWhole) {
  const Message message = decode(delivery(reading_value()), Route::kKafka);
  ASSERT_EQ(outcome(message), "reading");
  const auto& read = std::get<ReadingMessage>(message);
  EXPECT_EQ(read.machine.str(), "web-1");
  EXPECT_EQ(read.epoch.str(), kEpochText);
  EXPECT_EQ(read.boot.str(), "8c9d-11");
  EXPECT_EQ(read.labels, (Labels{{"site", "lab-3"}}));
  EXPECT_EQ(read.seq, 1234);
  EXPECT_EQ(read.cpu_usage_percent, "37.5");
  EXPECT_EQ(read.memory_usage_percent, "61.2");
  ASSERT_EQ(read.items.size(), 2U);
  Reading machine;
  machine.slot = Slot::parse("2026-11-22T10:15:00Z").value();
  machine.scope = machine_scope();
  machine.cover = Cover{.from_us = 7'813'456'789,
                        .to_us = 8'123'456'789,
                        .metered_us = 310'000'000,
                        .estimated_us = 0,
                        .off_us = 0};
  machine.used = {{MeterName("cpu"), 123'456'789},
                  {MeterName("cpu_capacity"), 620'000'000},
                  {MeterName("uptime"), 310'000'000}};
  EXPECT_EQ(std::get<Reading>(read.items[0]), machine) << "scopes says nothing before final";
  Reading part;
  part.slot = machine.slot;
  part.scope = ScopeName("service:nginx.service");
  part.used = {{MeterName("cpu"), 4567}};
  EXPECT_EQ(std::get<Reading>(read.items[1]), part);
}

TEST(DecodeTest, AFinalReadingOfTheMachineSaysHowManyScopesThereAre) {
  const std::string value = with(reading_value(), R"("final":false)", R"("final":true)");
  const Message message = decode(delivery(value), Route::kKafka);
  const auto& machine = std::get<Reading>(std::get<ReadingMessage>(message).items.at(0));
  EXPECT_TRUE(machine.final);
  EXPECT_EQ(machine.scopes, 2);
}

TEST(DecodeTest, TimesAndScopesOfAPartAreUnknownFields) {
  const std::string value =
      with(reading_value(), R"("used":{"cpu":"4567"})",
           R"("final":true,"scopes":9,"from_us":"no number","to_us":null,"used":{"cpu":"4567"})");
  const Message message = decode(delivery(value), Route::kKafka);
  const auto& part = std::get<Reading>(std::get<ReadingMessage>(message).items.at(1));
  EXPECT_FALSE(part.cover);
  EXPECT_TRUE(part.final);
  EXPECT_EQ(part.scopes, 0);
}

TEST(DecodeTest, ThePrototypesMessageIsReadExactly) {
  const Message message =
      decode(delivery(R"({"machine_id": "Machine_B", "cpu_usage": 12.3, "memory_usage": 61.2})"),
             Route::kKafka);
  const auto& sample = std::get<Sample>(message);
  EXPECT_EQ(sample.machine.str(), "Machine_B");
  EXPECT_EQ(sample.cpu_usage_nano, 12'300'000'000);
  EXPECT_EQ(sample.memory_usage_nano, 61'200'000'000);
}

struct PercentCase {
  const char* name;
  const char* text;
  std::int64_t nano;
};
void PrintTo(const PercentCase& row, std::ostream* out) { *out << row.name; }

class PercentTest : public testing::TestWithParam<PercentCase> {};

TEST_P(PercentTest, IsTakenFromItsTextExactly) {
  const Message message = decode(delivery(std::string(R"({"machine_id":"a","memory_usage":1,)") +
                                          R"("cpu_usage":)" + GetParam().text + "}"),
                                 Route::kKafka);
  ASSERT_EQ(outcome(message), "sample");
  EXPECT_EQ(std::get<Sample>(message).cpu_usage_nano, GetParam().nano);
}

INSTANTIATE_TEST_SUITE_P(
    Texts, PercentTest,
    testing::Values(PercentCase{"whole", "37", 37'000'000'000},
                    PercentCase{"one_decimal", "12.3", 12'300'000'000},
                    PercentCase{"nine_decimals", "0.000000001", 1},
                    PercentCase{"more_zeros", "0.1000000000000", 100'000'000},
                    PercentCase{"zero", "0", 0}, PercentCase{"minus_zero", "-0.0", 0},
                    PercentCase{"hundred", "100", 100'000'000'000},
                    PercentCase{"hundred_as_exponent", "1e2", 100'000'000'000},
                    PercentCase{"exponent", "1.23e1", 12'300'000'000},
                    PercentCase{"exponent_with_sign", "1.23E+1", 12'300'000'000},
                    PercentCase{"negative_exponent", "123e-1", 12'300'000'000},
                    PercentCase{"zero_with_a_great_exponent", "0e400", 0},
                    PercentCase{"many_zeros_and_back", "0.00000000000012e+12", 120'000'000}),
    [](const auto& param) { return std::string(param.param.name); });

struct TotalCase {
  const char* name;
  const char* text;
  std::int64_t want;
};
void PrintTo(const TotalCase& row, std::ostream* out) { *out << row.name; }

class TotalTest : public testing::TestWithParam<TotalCase> {};

TEST_P(TotalTest, IsADecimalStringOrAWholeNumber) {
  const std::string value = with(reading_value(), R"("4567")", GetParam().text);
  const Message message = decode(delivery(value), Route::kKafka);
  const auto& item = std::get<ReadingMessage>(message).items.at(1);
  ASSERT_EQ(outcome(item), "reading");
  EXPECT_EQ(std::get<Reading>(item).used.at(MeterName("cpu")), GetParam().want);
}

INSTANTIATE_TEST_SUITE_P(
    Texts, TotalTest,
    testing::Values(TotalCase{"zero", R"("0")", 0},
                    TotalCase{"greatest", R"("9223372036854775807")", kMax},
                    TotalCase{"number", "4567", 4567},
                    TotalCase{"greatest_number", "9223372036854775807", kMax},
                    TotalCase{"beyond_a_double", "9007199254740993", 9'007'199'254'740'993},
                    TotalCase{"exponent", "1e2", 100}, TotalCase{"whole_decimals", "12.0", 12},
                    TotalCase{"escaped_string", R"("\u0031\u0032")", 12}),
    [](const auto& param) { return std::string(param.param.name); });

struct FormCase {
  const char* name;
  std::string value;
  std::vector<Header> headers;
  const char* want;
  Route route = Route::kKafka;
};
void PrintTo(const FormCase& row, std::ostream* out) { *out << row.name; }

class FormTest : public testing::TestWithParam<FormCase> {};

TEST_P(FormTest, IsRecognised) {
  const FormCase& row = GetParam();
  const Message message = decode(delivery(row.value, row.headers), row.route);
  EXPECT_EQ(outcome(message), row.want);
}

std::string enveloped(const std::string& type, const std::string& rest) {
  return R"({"specversion":"1.0","id":"1","source":"s","subject":"web-1","type":")" + type + "\"" +
         rest + "}";
}
const std::vector<Header> kBinaryReading{{"ce_specversion", "1.0"},
                                         {"ce_type", "io.meterbill.reading.v1"},
                                         {"content-type", "application/json"}};
const std::vector<Header> kStructured{{"Content-Type", "application/cloudevents+json"}};
const std::string kSample = R"({"machine_id":"a","cpu_usage":1,"memory_usage":2})";
const std::string kUsageData = R"({"scope":"user:anna","meter":"pages","quantity":1,"unit":"unit",)"
                               R"("time":"2026-11-22T10:20:30Z"})";

INSTANTIATE_TEST_SUITE_P(
    Modes, FormTest,
    testing::Values(
        FormCase{"bare_sample", kSample, {}, "sample"},
        FormCase{"bare_sample_with_foreign_headers",
                 kSample,
                 {{"trace", "1"}, {"ce_id", "7"}},
                 "sample"},
        FormCase{"bare_reading", reading_value(), {}, "reading"},
        FormCase{"bare_reading_over_http", reading_value(), {}, "reading", Route::kHttp},
        FormCase{"bare_reading_announced_as_structured", reading_value(), kStructured, "reading"},
        FormCase{"binary", reading_value(), kBinaryReading, "reading"},
        FormCase{"binary_in_capitals",
                 reading_value(),
                 {{"CE_Type", "io.meterbill.reading.v1"}},
                 "reading"},
        FormCase{"binary_usage",
                 kUsageData,
                 {{"ce_type", "io.meterbill.usage.v1"},
                  {"ce_id", "1"},
                  {"ce_source", "s"},
                  {"ce_subject", "web-1"}},
                 "usage"},
        FormCase{"binary_data_may_say_specversion",
                 with(reading_value(), "{", R"({"specversion":"7",)"), kBinaryReading, "reading"},
        FormCase{"binary_probe", "", {{"ce_type", "io.meterbill.probe.v1"}}, "probe"},
        FormCase{"structured_by_content_type",
                 enveloped("io.meterbill.reading.v1", ",\"data\":" + reading_value()), kStructured,
                 "reading"},
        FormCase{"structured_by_its_value",
                 enveloped("io.meterbill.reading.v1", ",\"data\":" + reading_value()),
                 {},
                 "reading"},
        FormCase{"structured_in_a_batch",
                 enveloped("io.meterbill.usage.v1", ",\"data\":" + kUsageData),
                 {{"content-type", "application/cloudevents-batch+json"}},
                 "usage",
                 Route::kHttp},
        FormCase{"structured_base64",
                 // {"scope":"other","meter":"m","quantity":1,"unit":"unit",
                 //  "time":"2026-11-22T10:20:30Z"}
                 enveloped("io.meterbill.usage.v1",
                           R"(,"data_base64":"eyJzY29wZSI6Im90aGVyIiwibWV0ZXIiOiJtIiwicXVhbnRpdHki)"
                           R"(OjEsInVuaXQiOiJ1bml0IiwidGltZSI6IjIwMjYtMTEtMjJUMTA6MjA6MzBaIn0=")"),
                 {},
                 "usage"},
        FormCase{"structured_probe", enveloped("io.meterbill.probe.v1", ""), {}, "probe"}),
    [](const auto& param) { return std::string(param.param.name); });

TEST(DecodeTest, AUsageEventIsReadWhole) {
  const Message message = decode(delivery(usage_event()), Route::kHttp);
  ASSERT_EQ(outcome(message), "usage");
  const auto& event = std::get<UsageEvent>(message);
  EXPECT_EQ(event.source, "urn:app:render");
  EXPECT_EQ(event.id, "render-17");
  EXPECT_EQ(event.machine.str(), "web-1");
  EXPECT_EQ(event.scope.str(), "user:anna");
  EXPECT_EQ(event.meter.str(), "pages");
  EXPECT_EQ(event.quantity, 12'500'000'000);
  EXPECT_EQ(to_string(event.time), "2026-11-22T10:20:30Z");
}

struct TimeCase {
  const char* name;
  const char* of_data;       ///< member of the data; empty: none
  const char* of_attribute;  ///< the attribute as it is written; empty: none
  const char* want;          ///< time or reason
};
void PrintTo(const TimeCase& row, std::ostream* out) { *out << row.name; }

class UsageTimeTest : public testing::TestWithParam<TimeCase> {
 protected:
  static std::string read(const Delivery& delivered) {
    const Message message = decode(delivered, Route::kKafka);
    const auto* event = std::get_if<UsageEvent>(&message);
    return event == nullptr ? outcome(message) : to_string(event->time);
  }
  static std::string data() {
    return with(kUsageData, R"(,"time":"2026-11-22T10:20:30Z")", GetParam().of_data);
  }
};

TEST_P(UsageTimeTest, IsThatOfTheDataOrElseTheEvents) {
  const std::string attribute = GetParam().of_attribute;
  const std::string envelope = enveloped(
      "io.meterbill.usage.v1",
      (attribute.empty() ? "" : ",\"time\":\"" + attribute + "\"") + ",\"data\":" + data());
  EXPECT_EQ(read(delivery(envelope, kStructured)), GetParam().want);
}

TEST_P(UsageTimeTest, IsTheSameInBinaryMode) {
  std::vector<Header> headers{{"ce_type", "io.meterbill.usage.v1"},
                              {"ce_id", "1"},
                              {"ce_source", "s"},
                              {"ce_subject", "web-1"}};
  if (*GetParam().of_attribute != 0) headers.push_back({"CE_Time", GetParam().of_attribute});
  EXPECT_EQ(read(delivery(data(), headers)), GetParam().want);
}

INSTANTIATE_TEST_SUITE_P(
    Places, UsageTimeTest,
    testing::Values(
        TimeCase{"data", R"(,"time":"2026-11-22T10:20:30Z")", "", "2026-11-22T10:20:30Z"},
        TimeCase{"attribute", "", "2026-11-22T11:20:30+01:00", "2026-11-22T10:20:30Z"},
        TimeCase{"both", R"(,"time":"2026-11-22T10:20:30Z")", "2026-11-23T00:00:00Z",
                 "2026-11-22T10:20:30Z"},
        TimeCase{"data_and_nonsense", R"(,"time":"2026-11-22T10:20:30Z")", "yesterday",
                 "2026-11-22T10:20:30Z"},
        TimeCase{"nonsense_in_data", R"(,"time":"yesterday")", "2026-11-22T10:20:30Z", "bad_slot"},
        TimeCase{"null_in_data", R"(,"time":null)", "2026-11-22T10:20:30Z", "wrong_type"},
        TimeCase{"number_in_data", R"(,"time":1795342830)", "", "wrong_type"},
        TimeCase{"nonsense_in_attribute", "", "yesterday", "bad_slot"},
        TimeCase{"neither", "", "", "missing_field"}),
    [](const auto& param) { return std::string(param.param.name); });

struct QuantityCase {
  const char* name;
  const char* meter;
  const char* quantity;
  const char* unit;
  std::int64_t want;
};
void PrintTo(const QuantityCase& row, std::ostream* out) { *out << row.name; }

class QuantityTest : public testing::TestWithParam<QuantityCase> {};

TEST_P(QuantityTest, IsKeptInBaseUnitsOfTheMeter) {
  const QuantityCase& row = GetParam();
  std::string value = with(usage_event(), "\"12.5\"", row.quantity);
  value = with(with(value, "\"pages\"", row.meter), "\"unit\":\"unit\"", row.unit);
  const Message message = decode(delivery(value), Route::kKafka);
  ASSERT_EQ(outcome(message), "usage");
  EXPECT_EQ(std::get<UsageEvent>(message).quantity, row.want);
}

INSTANTIATE_TEST_SUITE_P(
    Units, QuantityTest,
    testing::Values(
        QuantityCase{"custom", "\"pages\"", "\"0.000000001\"", "\"unit\":\"unit\"", 1},
        QuantityCase{"number", "\"pages\"", "2.5e0", "\"unit\":\"unit\"", 2'500'000'000},
        QuantityCase{"nothing", "\"pages\"", "\"0\"", "\"unit\":\"unit\"", 0},
        QuantityCase{"core_hour", "\"cpu\"", "\"0.000000005\"", "\"unit\":\"core_hour\"", 18},
        QuantityCase{"gib", "\"net_out\"", "\"1.5\"", "\"unit\":\"gib\"", 1'610'612'736},
        QuantityCase{"greatest", "\"net_out\"", "\"9007199254740992\"", "\"unit\":\"byte\"",
                     std::int64_t{1} << 53}),
    [](const auto& param) { return std::string(param.param.name); });

struct DisplayCase {
  const char* name;
  const char* text;
  const char* want;
};
void PrintTo(const DisplayCase& row, std::ostream* out) { *out << row.name; }

class DisplayTest : public testing::TestWithParam<DisplayCase> {};

TEST_P(DisplayTest, PercentagesBesideReadingsNeverRefuseThem) {
  const std::string value = with(reading_value(), "37.5", GetParam().text);
  const Message message = decode(delivery(value), Route::kKafka);
  ASSERT_EQ(outcome(message), "reading");
  EXPECT_EQ(std::get<ReadingMessage>(message).cpu_usage_percent, GetParam().want);
}

INSTANTIATE_TEST_SUITE_P(
    Texts, DisplayTest,
    testing::Values(DisplayCase{"number", "37.5", "37.5"}, DisplayCase{"exponent", "1e2", "100"},
                    DisplayCase{"trailing_zeros", "5.10", "5.1"},
                    DisplayCase{"string", "\"5\"", ""}, DisplayCase{"null", "null", ""},
                    DisplayCase{"object", "{\"a\":[1]}", ""}, DisplayCase{"over_100", "250", ""},
                    DisplayCase{"negative", "-1", ""}, DisplayCase{"great", "1e400", ""}),
    [](const auto& param) { return std::string(param.param.name); });

TEST(DecodeTest, WhatIsOptionalMayBeAbsent) {
  const Message message =
      decode(delivery(R"({"machine_id":"a","epoch":"6f1c0000000000000000000000000001",)"
                      R"("boot_id":"b","readings":[]})"),
             Route::kKafka);
  ASSERT_EQ(outcome(message), "reading");
  const auto& read = std::get<ReadingMessage>(message);
  EXPECT_TRUE(read.labels.empty());
  EXPECT_EQ(read.seq, 0);
  EXPECT_EQ(read.cpu_usage_percent, "");
  EXPECT_TRUE(read.items.empty());
}

TEST(DecodeTest, AMalformedSeqIsNoReasonToRefuseUsage) {
  for (const char* seq : {"null", "-1", "\"x\"", "1.5", "[]"}) {
    const Message message =
        decode(delivery(with(reading_value(), "1234,", std::string(seq) + ",")), Route::kKafka);
    ASSERT_EQ(outcome(message), "reading") << seq;
    EXPECT_EQ(std::get<ReadingMessage>(message).seq, 0);
  }
}

TEST(DecodeTest, TheSameScopeTwiceInAMessageIsFine) {
  const std::string value = with(reading_value(), "service:nginx.service", "other");
  const std::string twice =
      with(value, R"(,{"slot")",
           R"(,{"slot":"2026-11-22T10:15:00Z","scope":"other","used":{}},{"slot")");
  const Message message = decode(delivery(twice), Route::kKafka);
  const auto& items = std::get<ReadingMessage>(message).items;
  ASSERT_EQ(items.size(), 3U);
  for (const ReadingItem& item : items) EXPECT_EQ(outcome(item), "reading");
}

TEST(BareSampleTest, IsAnObjectWithoutEnvelopeAndEpoch) {
  EXPECT_TRUE(is_bare_sample(kSample));
  EXPECT_TRUE(is_bare_sample(R"( {"cpu_usage":1} )"));
  EXPECT_FALSE(is_bare_sample(reading_value()));
  EXPECT_FALSE(is_bare_sample(usage_event()));
  EXPECT_FALSE(is_bare_sample("{}"));
  EXPECT_FALSE(is_bare_sample("[" + kSample + "]"));
  EXPECT_FALSE(is_bare_sample("{"));
}

TEST(BareSampleTest, OverHttpItIsRefusedByDecodeToo) {
  EXPECT_EQ(outcome(decode(delivery(kSample), Route::kHttp)), "missing_field");
}

}  // namespace
}  // namespace meterbill
