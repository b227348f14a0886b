#include <gtest/gtest.h>

#include "unit/wire/wire_support.h"
#include "wire/decode.h"

namespace meterbill {
namespace {

using Elements = std::vector<std::string_view>;

Elements texts(const Result<std::vector<BodyElement>>& elements) {
  Elements all;
  for (const BodyElement& element : elements.value()) all.push_back(element.text);
  return all;
}

TEST(SplitBodyTest, ElementsAreTheExactBytesBetweenTheCommas) {
  const std::string body = " [ {\"a\" : [1,2]} ,{\"b\":\",]\\\"\"},\n7 , \"x\"] \r\n";
  const auto elements = split_body(body, true);
  ASSERT_TRUE(elements);
  EXPECT_EQ(texts(elements), (Elements{R"({"a" : [1,2]})", R"({"b":",]\""})", "7", R"("x")"}));
}

TEST(SplitBodyTest, OneEventIsItsOwnElement) {
  const auto elements = split_body(" {\"a\":1}\n", false);
  ASSERT_TRUE(elements);
  EXPECT_EQ(texts(elements), (Elements{R"({"a":1})"}));
}

TEST(SplitBodyTest, AnEmptyBatchHasNoElements) {
  EXPECT_EQ(texts(split_body("[ ]", true)), Elements{});
  EXPECT_EQ(texts(split_body("[]", true)), Elements{});
}

TEST(SplitBodyTest, FaultsOfAnElementAreLeftToIt) {
  const std::string deep = std::string(1000, '[') + std::string(1000, ']');
  const std::string body = "[" + deep + R"(,{"a":1,"a":2},null,{"specversion":"1.0"}])";
  const auto elements = split_body(body, true);
  ASSERT_TRUE(elements);
  std::vector<std::string> outcomes;
  for (const BodyElement& element : elements.value())
    outcomes.push_back(outcome(decode(delivery(std::string(element.text)), Route::kHttp)));
  EXPECT_EQ(outcomes,
            (std::vector<std::string>{"too_deep", "duplicate_key", "wrong_type", "missing_field"}));
  EXPECT_EQ(split_body(R"({"a":1,"a":2})", false).value().size(), 1U);
}

TEST(SplitBodyTest, ElementsOver64KibAreLeftToDecode) {
  const std::string large = R"({"a":")" + std::string(70'000, 'x') + "\"}";
  const std::string body = "[{}," + large + "]";
  const auto elements = split_body(body, true);
  ASSERT_TRUE(elements);
  ASSERT_EQ(elements.value().size(), 2U);
  EXPECT_EQ(outcome(decode(delivery(std::string(elements.value()[1].text)), Route::kHttp)),
            "too_large");
}

TEST(SplitBodyTest, WhatAnElementSaysIsWhatDecodeMakesOfIt) {
  const auto event = [](const std::string& data) {
    return R"({"specversion":"1.0","type":"io.meterbill.reading.v1","data":)" + data + "}";
  };
  const std::string bad_readings = with(reading_value(), R"("scope":"machine")", R"("scope":7)");
  const std::string body = "[" + event(reading_value()) + "," + usage_event() + "," +
                           event(bad_readings) + "," + R"({"specversion":"1.0"})" + "]";
  const auto read = split_body(body, true);
  ASSERT_TRUE(read);
  std::vector<std::string> said;
  for (const BodyElement& element : read.value()) {
    EXPECT_FALSE(element.is_bare_sample);
    said.push_back(element.message ? outcome(*element.message) : "to be read again");
  }
  EXPECT_EQ(said,
            (std::vector<std::string>{"reading", "usage", "to be read again", "to be read again"}));
}

TEST(SplitBodyTest, ABareSampleIsKnown) {
  const std::string sample = R"({"machine_id":"web-1","cpu_usage":1,"memory_usage":2})";
  const auto read = split_body("[" + usage_event() + "," + sample + "]", true);
  EXPECT_FALSE(read.value()[0].is_bare_sample);
  EXPECT_TRUE(read.value()[1].is_bare_sample);
}

struct BodyCase {
  const char* name;
  std::string body;
  bool batch;
};
void PrintTo(const BodyCase& row, std::ostream* out) { *out << row.name; }

class BadBodyTest : public testing::TestWithParam<BodyCase> {};

TEST_P(BadBodyTest, IsRefusedWhole) {
  const auto elements = split_body(GetParam().body, GetParam().batch);
  ASSERT_FALSE(elements);
  EXPECT_EQ(elements.error().code, Code::kInvalid);
  EXPECT_FALSE(elements.error().message.empty());
}

std::string many(std::size_t count) {
  std::string body = "[1";
  for (std::size_t i = 1; i < count; ++i) body += ",1";
  return body + "]";
}

INSTANTIATE_TEST_SUITE_P(
    Bodies, BadBodyTest,
    testing::Values(BodyCase{"empty", "", false}, BodyCase{"empty_batch", "", true},
                    BodyCase{"blank", "  ", true}, BodyCase{"word", "nonsense", false},
                    BodyCase{"number", "7", false}, BodyCase{"string", "\"a\"", true},
                    BodyCase{"object_as_batch", "{}", true},
                    BodyCase{"array_as_one", "[{}]", false},
                    BodyCase{"missing_element", "[1,,2]", true},
                    BodyCase{"comma_first", "[,1]", true}, BodyCase{"comma_last", "[1,]", true},
                    BodyCase{"comma_alone", "[,]", true}, BodyCase{"two_arrays", "[1][2]", true},
                    BodyCase{"two_objects", "{}{}", false},
                    BodyCase{"something_behind", "[{}]x", true},
                    BodyCase{"something_behind_one", "{} ,", false},
                    BodyCase{"word_in_an_element", "[{\"a\":nonsense},{}]", true},
                    BodyCase{"not_utf8", "[\"\xFF\"]", true}, BodyCase{"open", "[{}", true},
                    BodyCase{"wrong_bracket", "[{]}", true}, BodyCase{"wrong_end", "[{}}", true},
                    BodyCase{"over_1_mib", "[" + std::string(1024UL * 1024, ' ') + "]", true},
                    BodyCase{"10001_elements", many(10'001), true}),
    [](const auto& param) { return std::string(param.param.name); });

TEST(SplitBodyTest, LimitsThemselvesAreFine) {
  EXPECT_EQ(split_body(many(10'000), true).value().size(), 10'000U);
  EXPECT_TRUE(split_body("[" + std::string(1024UL * 1024 - 2, ' ') + "]", true));
}

}  // namespace
}  // namespace meterbill
