#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "unit/wire/wire_support.h"
#include "wire/decode.h"

// Bad input, each with the exact reason it is quarantined for.

namespace meterbill {
namespace {

struct BadCase {
  const char* name;
  std::string value;
  const char* want;
  std::vector<Header> headers = {};
};
void PrintTo(const BadCase& row, std::ostream* out) { *out << row.name; }
const auto kNameOf = [](const auto& param) { return std::string(param.param.name); };

class BadMessageTest : public testing::TestWithParam<BadCase> {};

TEST_P(BadMessageTest, IsRefusedWholeWithItsReason) {
  const Message message = decode(delivery(GetParam().value, GetParam().headers), Route::kKafka);
  ASSERT_EQ(outcome(message), GetParam().want);
  EXPECT_FALSE(std::get<Rejection>(message).detail.empty());
}

std::string sample(std::string_view cpu) {
  return R"({"machine_id":"a","cpu_usage":)" + std::string(cpu) + R"(,"memory_usage":2})";
}
std::string of_machine(const std::string& machine) {
  return R"({"machine_id":)" + machine + R"(,"cpu_usage":1,"memory_usage":2})";
}
std::string nested(std::size_t depth) {
  return sample(std::string(depth, '[') + std::string(depth, ']'));
}

INSTANTIATE_TEST_SUITE_P(
    Json, BadMessageTest,
    testing::Values(
        BadCase{"empty", "", "not_json"}, BadCase{"blank", " \n", "not_json"},
        BadCase{"word", "nonsense", "not_json"}, BadCase{"nul", std::string(1, '\0'), "not_json"},
        BadCase{"half", R"({"machine_id":"a",)", "not_json"},
        BadCase{"two_values", sample("1") + sample("1"), "not_json"},
        BadCase{"something_behind", sample("1") + "x", "not_json"},
        BadCase{"comma_behind", sample("1") + ",", "not_json"},
        BadCase{"ends_an_array_of_ours", sample("1") + "],[" + sample("1"), "not_json"},
        BadCase{"byte_order_mark", "\xEF\xBB\xBF" + sample("1"), "not_json"},
        BadCase{"nonsense_for_a_number", sample("nonsense"), "not_json"},
        BadCase{"nothing_in_an_array", sample("[1,,2]"), "not_json"},
        BadCase{"comma_at_the_end_of_an_array", sample("[1,]"), "not_json"},
        BadCase{"comma_at_the_end_of_an_object", sample("{\"a\":1,}"), "not_json"},
        BadCase{"leading_zero", sample("012.3"), "not_json"},
        BadCase{"letters_behind_a_number", sample("1.2abc"), "not_json"},
        BadCase{"no_digit_behind_the_point", sample("1."), "not_json"},
        BadCase{"no_digit_before_the_point", sample(".5"), "not_json"},
        BadCase{"plus", sample("+1"), "not_json"}, BadCase{"minus_alone", sample("-"), "not_json"},
        BadCase{"no_digit_in_the_exponent", sample("1e"), "not_json"},
        BadCase{"hexadecimal", sample("0x10"), "not_json"},
        BadCase{"two_numbers", sample("1 2"), "not_json"},
        BadCase{"not_a_number", sample("NaN"), "not_json"},
        BadCase{"infinity", sample("Infinity"), "not_json"},
        BadCase{"capital_true", sample("True"), "not_json"},
        BadCase{"trues", sample("trues"), "not_json"},
        BadCase{"vertical_tab", sample("1\v"), "not_json"},
        BadCase{"comment", sample("1/*x*/"), "not_json"},
        BadCase{"single_quotes", sample("'1'"), "not_json"},
        BadCase{"backslash_outside", sample("\\\"1\""), "not_json"},
        BadCase{"raw_newline_in_a_string", sample("\"\n\""), "not_json"},
        BadCase{"bad_escape", sample(R"("\x")"), "not_json"},
        BadCase{"half_a_character", sample(R"("\ud800")"), "not_json"},
        BadCase{"key_without_quotes", R"({machine_id:"a"})", "not_json"},
        BadCase{"no_colon", R"({"machine_id" "a"})", "not_json"},
        BadCase{"no_value", R"({"machine_id":})", "not_json"},
        BadCase{"wrong_bracket", R"({"machine_id":"a"])", "not_json"},
        BadCase{"fault_in_an_unknown_field", R"({"machine_id":"a","x":{"y":[1,tru]}})", "not_json"},
        BadCase{"not_utf8", of_machine("\"w\xFF\""), "not_utf8"},
        BadCase{"not_utf8_in_an_unknown_field",
                R"({"x":")"
                "\xC3"
                "\"}",
                "not_utf8"},
        BadCase{"duplicate_key", R"({"machine_id":"a","machine_id":"a"})", "duplicate_key"},
        BadCase{"duplicate_key_escaped", R"({"a":1,"\u0061":1})", "duplicate_key"},
        BadCase{"duplicate_key_below", sample(R"([{"x":1,"x":1}])"), "duplicate_key"},
        BadCase{"too_deep", nested(32), "too_deep"},
        BadCase{"nested_1000_deep", nested(1000), "too_deep"},
        BadCase{"nested_60000_deep", std::string(30'000, '[') + std::string(30'000, ']'),
                "too_deep"},
        BadCase{"nested_and_open", std::string(1000, '['), "not_json"},
        BadCase{"over_64_kib", sample("1") + std::string(64UL * 1024, ' '), "too_large"}),
    kNameOf);

INSTANTIATE_TEST_SUITE_P(
    Samples, BadMessageTest,
    testing::Values(
        BadCase{"array", "[" + sample("1") + "]", "wrong_type"},
        BadCase{"string", "\"a\"", "wrong_type"}, BadCase{"number", "1.5", "wrong_type"},
        BadCase{"null", "null", "wrong_type"}, BadCase{"empty_object", "{}", "missing_field"},
        BadCase{"no_machine_id", R"({"cpu_usage":1,"memory_usage":2})", "missing_field"},
        BadCase{"no_cpu_usage", R"({"machine_id":"a","memory_usage":2})", "missing_field"},
        BadCase{"no_memory_usage", R"({"machine_id":"a","cpu_usage":2})", "missing_field"},
        BadCase{"machine_id_number", of_machine("7"), "wrong_type"},
        BadCase{"machine_id_null", of_machine("null"), "wrong_type"},
        BadCase{"machine_id_empty", of_machine(R"("")"), "bad_machine_id"},
        BadCase{"machine_id_ten_kilobytes", of_machine('"' + std::string(10'240, 'a') + '"'),
                "bad_machine_id"},
        BadCase{"machine_id_dots", of_machine(R"("..")"), "bad_machine_id"},
        BadCase{"machine_id_option", of_machine(R"("-rf")"), "bad_machine_id"},
        BadCase{"machine_id_html", of_machine(R"("<script>alert(1)</script>")"), "bad_machine_id"},
        BadCase{"machine_id_utf8", of_machine("\"w\xC3\xA4\""), "bad_machine_id"},
        BadCase{"machine_id_nul", of_machine(R"("a\u0000b")"), "bad_machine_id"},
        BadCase{"cpu_string", sample("\"12.3\""), "wrong_type"},
        BadCase{"cpu_true", sample("true"), "wrong_type"},
        BadCase{"cpu_null", sample("null"), "wrong_type"},
        BadCase{"cpu_array", sample("[1]"), "wrong_type"},
        BadCase{"cpu_negative", sample("-5"), "implausible"},
        BadCase{"cpu_a_little_negative", sample("-0.000000001"), "implausible"},
        BadCase{"cpu_250", sample("250"), "implausible"},
        BadCase{"cpu_a_little_over_100", sample("100.000000001"), "implausible"},
        BadCase{"cpu_1e400", sample("1e400"), "bad_number"},
        BadCase{"cpu_with_a_giant_exponent", sample("1e99999999999999999999"), "bad_number"},
        BadCase{"cpu_of_many_digits", sample(std::string(60'000, '9')), "bad_number"},
        BadCase{"cpu_ten_decimals", sample("0.0000000001"), "too_precise"},
        BadCase{"cpu_of_a_double", sample("12.300000000000001"), "too_precise"},
        BadCase{"cpu_tiny", sample("1e-400"), "too_precise"}),
    kNameOf);

std::string reading_with(std::string_view from, std::string_view to) {
  return with(reading_value(), from, to);
}
std::string labels(std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i)
    text += (i == 0 ? "" : ",") + ("\"k" + std::to_string(i)) + "\":\"v\"";
  return R"("labels":{)" + text + "}";
}
const std::string kLabels = R"("labels":{"site":"lab-3"})";

INSTANTIATE_TEST_SUITE_P(
    Readings, BadMessageTest,
    testing::Values(
        BadCase{"no_machine_id", reading_with(R"("machine_id":"web-1",)", ""), "missing_field"},
        BadCase{"bad_machine_id", reading_with("web-1", "web 1"), "bad_machine_id"},
        BadCase{"no_boot_id", reading_with(R"("boot_id":"8c9d-11",)", ""), "missing_field"},
        BadCase{"boot_id_empty", reading_with("8c9d-11", ""), "bad_name"},
        BadCase{"boot_id_number", reading_with(R"("8c9d-11")", "1"), "wrong_type"},
        BadCase{"epoch_short", reading_with(kEpochText, "6f1c"), "bad_name"},
        BadCase{"epoch_samples", reading_with(kEpochText, "samples"), "bad_name"},
        BadCase{"epoch_null_is_no_sample",
                R"({"machine_id":"a","cpu_usage":1,"memory_usage":2,"epoch":null})", "wrong_type"},
        BadCase{"epoch_number", reading_with('"' + std::string(kEpochText) + '"', "1"),
                "wrong_type"},
        BadCase{"labels_array", reading_with(kLabels, R"("labels":[])"), "wrong_type"},
        BadCase{"label_number", reading_with(R"("lab-3")", "3"), "wrong_type"},
        BadCase{"label_key_in_capitals", reading_with(R"("site")", R"("Site")"), "bad_label"},
        BadCase{"label_key_empty", reading_with(R"("site")", R"("")"), "bad_label"},
        BadCase{"label_16_kib", reading_with("lab-3", std::string(16UL * 1024, 'x')), "bad_label"},
        BadCase{"label_256_bytes", reading_with("lab-3", std::string(256, 'x')), "bad_label"},
        BadCase{"label_with_a_control_character", reading_with("lab-3", R"(a\u0007)"), "bad_label"},
        BadCase{"17_labels", reading_with(kLabels, labels(17)), "bad_label"},
        BadCase{"no_readings", reading_with(R"("readings")", R"("reading")"), "missing_field"},
        BadCase{"readings_null",
                R"({"machine_id":"a","epoch":"6f1c0000000000000000000000000001","boot_id":"b",)"
                R"("readings":null})",
                "wrong_type"}),
    kNameOf);

TEST(DecodeLimitTest, WhatIsJustWithinIsRead) {
  EXPECT_EQ(outcome(decode(delivery(reading_with(kLabels, labels(16))), Route::kKafka)), "reading");
  const std::string longest = reading_with("lab-3", std::string(255, 'x'));
  EXPECT_EQ(outcome(decode(delivery(longest), Route::kKafka)), "reading");
  const std::string deep = R"({"machine_id":"a","cpu_usage":1,"memory_usage":2,"x":)" +
                           std::string(31, '[') + std::string(31, ']') + "}";
  EXPECT_EQ(outcome(decode(delivery(deep), Route::kKafka)), "sample");
  const std::string padded = sample("1") + std::string(64UL * 1024 - sample("1").size(), ' ');
  EXPECT_EQ(outcome(decode(delivery(padded), Route::kKafka)), "sample");
}

TEST(DecodeLimitTest, ATombstoneIsRefused) {
  Delivery tombstone;
  tombstone.tombstone = true;
  EXPECT_EQ(outcome(decode(tombstone, Route::kKafka)), "tombstone");
}

const std::vector<Header> kReading{{"ce_type", "io.meterbill.reading.v1"}};
std::string envelope(const std::string& members) {
  return R"({"specversion":"1.0",)" + members + "}";
}
std::string usage_with(std::string_view from, std::string_view to) {
  return with(usage_event(), from, to);
}

TEST(DecodeUsageTest, AnUnknownUnitNamesThoseThatWouldDo) {
  const Message message =
      decode(delivery(usage_with(R"("unit":"unit")", R"("unit":"gib")")), Route::kHttp);
  const auto* rejection = std::get_if<Rejection>(&message);
  ASSERT_NE(rejection, nullptr);
  EXPECT_TRUE(rejection->detail.ends_with("; its units are unit")) << rejection->detail;
}

INSTANTIATE_TEST_SUITE_P(
    Envelopes, BadMessageTest,
    testing::Values(
        BadCase{"unknown_type_binary",
                reading_value(),
                "unknown_type",
                {{"ce_type", "io.meterbill.reading.v2"}}},
        BadCase{"unknown_type_structured", usage_with("usage.v1", "usage.v2"), "unknown_type"},
        BadCase{"unknown_version", usage_with(R"("1.0")", R"("0.3")"), "unknown_type"},
        BadCase{"unknown_version_binary",
                reading_value(),
                "unknown_type",
                {{"ce_type", "io.meterbill.reading.v1"}, {"ce_specversion", "2.0"}}},
        BadCase{"no_type_binary", reading_value(), "missing_field", {{"ce_specversion", "1.0"}}},
        BadCase{"no_type", envelope(R"("data":{})"), "missing_field"},
        BadCase{"type_number", envelope(R"("type":1)"), "wrong_type"},
        BadCase{"time_number", envelope(R"("type":"io.meterbill.usage.v1","time":1)"),
                "wrong_type"},
        BadCase{"header_twice",
                reading_value(),
                "duplicate_key",
                {{"ce_type", "io.meterbill.reading.v1"}, {"CE_TYPE", "io.meterbill.usage.v1"}}},
        BadCase{"no_specversion",
                R"({"type":"io.meterbill.reading.v1","data":{}})",
                "missing_field",
                {{"content-type", "application/cloudevents+json; charset=utf-8"}}},
        BadCase{"no_data", envelope(R"("type":"io.meterbill.reading.v1")"), "missing_field"},
        BadCase{"data_string", envelope(R"("type":"io.meterbill.reading.v1","data":"{}")"),
                "wrong_type"},
        BadCase{"both_data",
                envelope(R"("type":"io.meterbill.reading.v1","data":{},)"
                         R"("data_base64":"e30=")"),
                "duplicate_key"},
        BadCase{"base64_of_nothing",
                envelope(R"("type":"io.meterbill.reading.v1",)"
                         R"("data_base64":"")"),
                "not_json"},
        BadCase{"base64_cut", envelope(R"("type":"io.meterbill.reading.v1","data_base64":"e30")"),
                "wrong_type"},
        BadCase{"base64_foreign",
                envelope(R"("type":"io.meterbill.reading.v1",)"
                         R"("data_base64":"e3-=")"),
                "wrong_type"},
        BadCase{"base64_padding_inside",
                envelope(R"("type":"io.meterbill.reading.v1",)"
                         R"("data_base64":"e3==e30=")"),
                "wrong_type"},
        BadCase{"base64_bits_left_over",
                envelope(R"("type":"io.meterbill.reading.v1",)"
                         R"("data_base64":"e31=")"),
                "wrong_type"},
        BadCase{"reading_without_epoch", R"({"machine_id":"a"})", "missing_field", kReading},
        BadCase{"sample_as_reading", sample("1"), "missing_field", kReading},
        BadCase{"not_json_binary", "nonsense", "not_json", kReading},
        BadCase{"array_binary", "[]", "wrong_type", kReading}),
    kNameOf);

INSTANTIATE_TEST_SUITE_P(
    UsageEvents, BadMessageTest,
    testing::Values(
        BadCase{"no_id", usage_with(R"("id":"render-17",)", ""), "missing_field"},
        BadCase{"id_empty", usage_with("render-17", ""), "missing_field"},
        BadCase{"id_long", usage_with("render-17", std::string(256, 'i')), "bad_name"},
        BadCase{"id_control_character", usage_with("render-17", R"(a\n)"), "bad_name"},
        BadCase{"no_source", usage_with(R"("source":"urn:app:render",)", ""), "missing_field"},
        BadCase{"no_subject", usage_with(R"("subject":"web-1",)", ""), "missing_field"},
        BadCase{"bad_subject", usage_with("web-1", "../etc"), "bad_machine_id"},
        BadCase{"no_scope", usage_with(R"("scope":"user:anna",)", ""), "missing_field"},
        BadCase{"bad_scope", usage_with("user:anna", "anna"), "bad_name"},
        BadCase{"no_meter", usage_with(R"("meter":"pages",)", ""), "missing_field"},
        BadCase{"bad_meter", usage_with(R"("pages")", R"("Pages")"), "bad_name"},
        BadCase{"no_unit", usage_with(R"("unit":"unit",)", ""), "missing_field"},
        BadCase{"unknown_unit", usage_with(R"("unit":"unit")", R"("unit":"gib")"), "unknown_unit"},
        BadCase{"no_time", usage_with(R"(,"time":"2026-11-22T10:20:30Z")", ""), "missing_field"},
        BadCase{"bad_time", usage_with("2026-11-22T10:20:30Z", "yesterday"), "bad_slot"},
        BadCase{"no_quantity", usage_with(R"("quantity":"12.5",)", ""), "missing_field"},
        BadCase{"quantity_word", usage_with("12.5", "many"), "bad_number"},
        BadCase{"quantity_empty", usage_with("12.5", ""), "bad_number"},
        BadCase{"quantity_leading_zero", usage_with("12.5", "012.5"), "bad_number"},
        BadCase{"quantity_exponent_in_a_string", usage_with("12.5", "1e2"), "bad_number"},
        BadCase{"quantity_negative", usage_with("12.5", "-12.5"), "bad_number"},
        BadCase{"quantity_negative_number", usage_with(R"("12.5")", "-12.5"), "bad_number"},
        BadCase{"quantity_1e400", usage_with(R"("12.5")", "1e400"), "bad_number"},
        BadCase{"quantity_true", usage_with(R"("12.5")", "true"), "wrong_type"},
        BadCase{"quantity_ten_decimals", usage_with("12.5", "0.0000000001"), "too_precise"},
        BadCase{"half_a_byte",
                with(with(usage_with("pages", "net_out"), R"("unit":"unit")", R"("unit":"byte")"),
                     "12.5", "0.5"),
                "too_precise"},
        BadCase{"over_2_to_53", usage_with("12.5", "9007199.254740993"), "implausible"},
        BadCase{"far_over_2_to_53", usage_with("12.5", "9223372036854775807"), "implausible"},
        BadCase{"over_128_bits",
                with(with(usage_with("pages", "net_out"), R"("unit":"unit")", R"("unit":"tib")"),
                     "12.5", "99999999999999999999999999999"),
                "implausible"}),
    kNameOf);

class BadReadingTest : public testing::TestWithParam<BadCase> {};

TEST_P(BadReadingTest, NeverSpoilsItsNeighbours) {
  const std::string value = with(
      reading_value(),
      R"({"slot":"2026-11-22T10:15:00Z","scope":"service:nginx.service","used":{"cpu":"4567"}})",
      GetParam().value + R"(,{"slot":"2026-11-22T10:15:00Z","scope":"other","used":{}})");
  const Message message = decode(delivery(value), Route::kKafka);
  ASSERT_EQ(outcome(message), "reading");
  const auto& items = std::get<ReadingMessage>(message).items;
  ASSERT_EQ(items.size(), 3U);
  EXPECT_EQ(outcome(items[0]), "reading");
  EXPECT_EQ(outcome(items[1]), GetParam().want);
  EXPECT_EQ(outcome(items[2]), "reading");
}

std::string part(const std::string& members) {
  return R"({"slot":"2026-11-22T10:30:00Z","scope":"user:anna",)" + members + "}";
}
std::string at_slot(const std::string& slot) {
  return R"({"slot":)" + slot + R"(,"scope":"other","used":{}})";
}
std::string of_scope(const std::string& scope) {
  return R"({"slot":"2026-11-22T10:30:00Z","scope":)" + scope + R"(,"used":{}})";
}
std::string machine(std::string_view from, std::string_view to) {
  return with(R"({"slot":"2026-11-22T10:30:00Z","scope":"machine","from_us":"1","to_us":"2",)"
              R"("metered_us":"1","estimated_us":"0","off_us":"0","final":true,"scopes":1,)"
              R"("used":{}})",
              from, to);
}
std::string meters(std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i)
    text += (i == 0 ? "\"m" : ",\"m") + std::to_string(i) + "\":1";
  return R"("used":{)" + text + "}";
}

INSTANTIATE_TEST_SUITE_P(
    Items, BadReadingTest,
    testing::Values(
        BadCase{"number", "7", "wrong_type"}, BadCase{"null", "null", "wrong_type"},
        BadCase{"array", "[]", "wrong_type"}, BadCase{"empty", "{}", "missing_field"},
        BadCase{"slot_off_the_quarter", at_slot(R"("2026-11-22T10:16:00Z")"), "bad_slot"},
        BadCase{"slot_word", at_slot(R"("now")"), "bad_slot"},
        BadCase{"slot_number", at_slot("1795342500"), "wrong_type"},
        BadCase{"slot_of_2000", at_slot(R"("2000-01-01T00:00:00Z")"), "reading"},
        BadCase{"slot_before_2000", at_slot(R"("1999-12-31T23:45:00Z")"), "bad_slot"},
        BadCase{"slot_before_2200", at_slot(R"("2199-12-31T23:45:00Z")"), "reading"},
        BadCase{"slot_of_2200", at_slot(R"("2200-01-01T00:00:00Z")"), "bad_slot"},
        BadCase{"slot_missing", R"({"scope":"other","used":{}})", "missing_field"},
        BadCase{"meter_of_samples",
                R"({"slot":"2026-11-22T10:15:00Z","scope":"other","used":{"memory_usage":1}})",
                "bad_name"},
        BadCase{"scope_word", of_scope(R"("nginx")"), "bad_name"},
        BadCase{"scope_long", of_scope("\"user:" + std::string(251, 'a') + '"'), "bad_name"},
        BadCase{"scope_null", of_scope("null"), "wrong_type"},
        BadCase{"scope_missing", R"({"slot":"2026-11-22T10:30:00Z","used":{}})", "missing_field"},
        BadCase{"used_missing", part(R"("final":true)"), "missing_field"},
        BadCase{"used_array", part(R"("used":[])"), "wrong_type"},
        BadCase{"meter_in_capitals", part(R"("used":{"CPU":"1"})"), "bad_name"},
        BadCase{"total_negative", part(R"("used":{"cpu":"-1"})"), "bad_number"},
        BadCase{"total_negative_number", part(R"("used":{"cpu":-1})"), "bad_number"},
        BadCase{"total_2_to_63", part(R"("used":{"cpu":"9223372036854775808"})"), "bad_number"},
        BadCase{"total_2_to_63_number", part(R"("used":{"cpu":9223372036854775808})"),
                "bad_number"},
        BadCase{"total_leading_zero", part(R"("used":{"cpu":"01"})"), "bad_number"},
        BadCase{"total_empty", part(R"("used":{"cpu":""})"), "bad_number"},
        BadCase{"total_space", part(R"("used":{"cpu":" 1"})"), "bad_number"},
        BadCase{"total_half", part(R"("used":{"cpu":1.5})"), "bad_number"},
        BadCase{"total_half_in_a_string", part(R"("used":{"cpu":"1.0"})"), "bad_number"},
        BadCase{"total_1e400", part(R"("used":{"cpu":1e400})"), "bad_number"},
        BadCase{"total_null", part(R"("used":{"cpu":null})"), "wrong_type"},
        BadCase{"total_true", part(R"("used":{"cpu":true})"), "wrong_type"},
        BadCase{"64_meters", part(meters(64)), "reading"},
        BadCase{"65_meters", part(meters(65)), "too_many"},
        BadCase{"final_number", part(R"("final":1,"used":{})"), "wrong_type"},
        BadCase{"machine", machine("", ""), "reading"},
        BadCase{"machine_without_from", machine(R"("from_us":"1",)", ""), "missing_field"},
        BadCase{"machine_without_to", machine(R"("to_us":"2",)", ""), "missing_field"},
        BadCase{"machine_without_metered", machine(R"("metered_us":"1",)", ""), "missing_field"},
        BadCase{"machine_without_estimated", machine(R"("estimated_us":"0",)", ""),
                "missing_field"},
        BadCase{"machine_without_off", machine(R"("off_us":"0",)", ""), "missing_field"},
        BadCase{"machine_time_negative", machine(R"("off_us":"0")", R"("off_us":"-1")"),
                "bad_number"},
        BadCase{"machine_time_null", machine(R"("off_us":"0")", R"("off_us":null)"), "wrong_type"},
        BadCase{"machine_scopes_word", machine(R"("scopes":1)", R"("scopes":"x")"), "bad_number"},
        BadCase{"machine_1000_scopes", machine(R"("scopes":1)", R"("scopes":1000)"), "reading"},
        BadCase{"machine_1001_scopes", machine(R"("scopes":1)", R"("scopes":1001)"), "too_many"}),
    kNameOf);

/// A message of so many readings, none of which can be read.
std::string zeros(std::size_t count) {
  std::string value = R"({"machine_id":"a","epoch":"6f1c0000000000000000000000000001",)"
                      R"("boot_id":"b","readings":[)";
  for (std::size_t i = 0; i < count; ++i) value += i == 0 ? "0" : ",0";
  return value + "]}";
}

TEST(BadReadingTest, TheReadingsOfAMessageBeyondAThousandAreOneItem) {
  for (const std::size_t count : {std::size_t{1'000}, std::size_t{1'001}, std::size_t{30'000}}) {
    const Message message = decode(delivery(zeros(count)), Route::kKafka);
    ASSERT_EQ(outcome(message), "reading");
    const auto& items = std::get<ReadingMessage>(message).items;
    ASSERT_EQ(items.size(), std::min<std::size_t>(count, 1'001));
    EXPECT_EQ(outcome(items[999]), "wrong_type");
    if (count > 1'000) {
      EXPECT_EQ(outcome(items[1'000]), "too_many");
    }
  }
}

std::vector<Header> headers(std::size_t count) {
  std::vector<Header> made;
  for (std::size_t i = 0; i < count; ++i) made.push_back({"h" + std::to_string(i), ""});
  return made;
}

std::string outcome_with(std::vector<Header> with, std::string key = "") {
  Delivery made = delivery(sample("1"), std::move(with));
  made.key = std::move(key);
  return outcome(decode(made, Route::kKafka));
}

TEST(BadHeadersTest, MoreThan64OrMoreThan64KiBAreTooLarge) {
  EXPECT_EQ(outcome_with(headers(64)), "sample");
  EXPECT_EQ(outcome_with(headers(65)), "too_large");
  EXPECT_EQ(outcome_with({{"a", std::string(65'535, 'x')}}), "sample");
  EXPECT_EQ(outcome_with({{"a", std::string(65'536, 'x')}}), "too_large");
  EXPECT_EQ(outcome_with({{std::string(65'537, 'a'), ""}}), "too_large");
  EXPECT_EQ(outcome_with({}, std::string(65'536, 'x')), "sample");
  EXPECT_EQ(outcome_with({{"a", ""}}, std::string(65'536, 'x')), "too_large");
}

TEST(BadHeadersTest, TheyAreCountedBeforeTheyAreLookedAt) {
  std::vector<Header> twice = headers(63);
  twice.push_back({"ce_type", kProbeType});
  twice.push_back({"ce_type", kProbeType});
  EXPECT_EQ(outcome_with(twice), "too_large");
  twice.erase(twice.begin());
  EXPECT_EQ(outcome_with(twice), "duplicate_key");
}

TEST(BadMessageTest, IsOfTheMachineThatItNamesWhereThatCanBeRead) {
  const std::string bad_reading = with(reading_value(), "8c9d-11", "");
  const std::string structured = R"({"specversion":"1.0","id":"1","source":"s",)"
                                 R"("type":"io.meterbill.reading.v1","subject":"web-9","data":)";
  const std::pair<std::string, const char*> rows[] = {
      {with(usage_event(), "12.5", "-12.5"), "web-1"},
      {with(usage_event(), "io.meterbill.usage.v1", "io.meterbill.other.v1"), "web-1"},
      {with(usage_event(), R"("id":"render-17",)", ""), "web-1"},
      {with(usage_event(), R"("subject":"web-1",)", ""), ""},
      {with(usage_event(), R"("subject":"web-1")", R"("subject":"../1")"), ""},
      {bad_reading, "web-1"},
      {structured + bad_reading + "}", "web-1"},
      {structured + "[]}", "web-9"},
      {structured + R"({"machine_id":7}})", "web-9"},
      {with(reading_value(), R"("web-1")", R"("-rf")"), ""},
      {R"({"machine_id":"a","cpu_usage":-1,"memory_usage":2})", "a"},
      {"nonsense", ""}};
  for (const auto& [value, machine] : rows) {
    const Message message = decode(delivery(value), Route::kKafka);
    const auto* rejection = std::get_if<Rejection>(&message);
    ASSERT_NE(rejection, nullptr) << value;
    EXPECT_EQ(rejection->machine, machine) << value;
  }
}

TEST(BadMessageTest, WhatIsSaidOfUntrustedTextIsShortAndVisible) {
  const Message message =
      decode(delivery(of_machine("\"\\u001b[31m\\u0000<b>\xC3\xA4" + std::string(500, 'x') + '"')),
             Route::kKafka);
  const std::string& detail = std::get<Rejection>(message).detail;
  EXPECT_LT(detail.size(), 200U);
  EXPECT_EQ(detail.find('\x1b'), std::string::npos);
  EXPECT_EQ(detail.find('\0'), std::string::npos);
  EXPECT_EQ(detail.find('\xC3'), std::string::npos);
}

}  // namespace
}  // namespace meterbill
