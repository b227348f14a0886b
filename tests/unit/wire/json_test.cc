#include "wire/json.h"

#include <gtest/gtest.h>

#include <thread>

#include "base/json_text.h"
#include "wire/json_number.h"
#include "wire/json_scan.h"
#include "wire/json_write.h"

namespace meterbill {
namespace {

using Kind = JsonValue::Kind;

TEST(JsonTest, EveryKindOfValueIsKept) {
  const auto document =
      parse_json(R"( {"a":[1,-2.50e+3,"x\u00e4\"",true,false,null,[],{}],"b":{"c":""}} )");
  ASSERT_TRUE(document);
  const JsonValue root = document.value().root();
  EXPECT_EQ(root.size(), 2U);
  const JsonValue a = root.find("a").value();
  ASSERT_EQ(a.size(), 8U);
  std::vector<std::pair<Kind, std::string>> seen;
  for (const JsonValue element : a) seen.emplace_back(element.kind(), element.text());
  EXPECT_EQ(seen, (std::vector<std::pair<Kind, std::string>>{{Kind::kNumber, "1"},
                                                             {Kind::kNumber, "-2.50e+3"},
                                                             {Kind::kString, "x\xC3\xA4\""},
                                                             {Kind::kBool, "true"},
                                                             {Kind::kBool, "false"},
                                                             {Kind::kNull, "null"},
                                                             {Kind::kArray, ""},
                                                             {Kind::kObject, ""}}));
  EXPECT_EQ(root.find("b")->find("c")->text(), "");
  EXPECT_EQ(root.find("b")->find("c")->key(), "c");
  EXPECT_FALSE(root.find("c"));
  EXPECT_FALSE(a.find("a")) << "arrays have no members";
}

TEST(JsonTest, ValuesOutliveTheNextParseAndAMove) {
  auto first = parse_json(R"({"a":"first","long":"a text that is too long to lie in the object"})");
  const JsonValue root = first.value().root();
  ASSERT_TRUE(parse_json(R"({"b":"second, and longer than the first one by quite some bytes"})"));
  const JsonDocument moved = std::move(first).value();
  EXPECT_EQ(root.find("a")->text(), "first");
  EXPECT_EQ(moved.root().find("long")->text(), "a text that is too long to lie in the object");
}

TEST(JsonTest, ManyKeysAreComparedWithoutSquaring) {
  std::string text = "{";
  for (int i = 0; i < 9'000; ++i) text += '"' + std::to_string(i) + "\":0,";
  EXPECT_TRUE(parse_json(text + "\"x\":0}"));
  const auto twice = parse_json(text + "\"17\":0}");
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().reason, Reason::kDuplicateKey);
}

TEST(JsonTest, ThreadsDoNotDisturbEachOther) {
  const auto parse_often = [](const std::string& text) {
    for (int i = 0; i < 300; ++i) {
      const auto document = parse_json(text);
      if (!document || document.value().root().find("v")->text() != text.substr(6, 5)) std::abort();
    }
  };
  std::jthread one(parse_often, std::string(R"({"v":"aaaaa","w":[1,2,3]})"));
  std::jthread two(parse_often, std::string(R"({"v":"bbbbb"})"));
}

struct NumberCase {
  const char* name;
  const char* text;
  int decimals;
  std::int64_t want;
};
void PrintTo(const NumberCase& row, std::ostream* out) { *out << row.name; }

class NumberTest : public testing::TestWithParam<NumberCase> {};

TEST_P(NumberTest, IsExact) {
  EXPECT_TRUE(is_json_number(GetParam().text));
  const auto number = exact_number(GetParam().text, GetParam().decimals);
  ASSERT_TRUE(number);
  EXPECT_EQ(number.value(), Int128{GetParam().want});
}

INSTANTIATE_TEST_SUITE_P(
    Texts, NumberTest,
    testing::Values(NumberCase{"zero", "0", 0, 0}, NumberCase{"minus_zero", "-0.00e5", 9, 0},
                    NumberCase{"negative", "-12.5", 1, -125},
                    NumberCase{"scaled", "12.5", 3, 12500},
                    NumberCase{"zeros_cut", "12.500", 1, 125}, NumberCase{"hundred", "1e2", 0, 100},
                    NumberCase{"exponent_eats_decimals", "1.23e2", 0, 123},
                    NumberCase{"exponent_down", "12300e-2", 0, 123},
                    NumberCase{"down_to_decimals", "5e-9", 9, 5},
                    NumberCase{"zero_of_any_exponent", "0e-999999999999999999999", 0, 0},
                    NumberCase{"greatest", "9223372036854775807", 0, 9223372036854775807}),
    [](const auto& param) { return std::string(param.param.name); });

TEST(NumberTest, WhatDoesNotFitIsNeverRounded) {
  EXPECT_EQ(exact_number("1.5", 0).error(), Reason::kTooPrecise);
  EXPECT_EQ(exact_number("1.23e1", 0).error(), Reason::kTooPrecise);
  EXPECT_EQ(exact_number("1e-10", 9).error(), Reason::kTooPrecise);
  EXPECT_EQ(exact_number("1e-99999999999999999999", 9).error(), Reason::kTooPrecise);
  EXPECT_EQ(exact_number("1e400", 0).error(), Reason::kBadNumber);
  EXPECT_EQ(exact_number("1e99999999999999999999", 9).error(), Reason::kBadNumber);
  EXPECT_TRUE(exact_number("1e37", 0));
  EXPECT_EQ(exact_number("1e38", 0).error(), Reason::kBadNumber) << "39 digits";
  EXPECT_EQ(exact_number(std::string(39, '9'), 0).error(), Reason::kBadNumber);
}

TEST(NumberTest, OnlyTheGrammarOfRfc8259IsANumber) {
  for (const char* bad :
       {"",      "-",      "+1",  "01",  "-01",      "00", "1.", ".1",    "1.e1", "1e",   "1e+",
        "1e1.5", "1.2abc", "0x1", "NaN", "Infinity", "1 ", " 1", "1_000", "--1",  "1e--1"}) {
    EXPECT_FALSE(is_json_number(bad)) << bad;
    EXPECT_EQ(exact_number(bad, 0).error(), Reason::kBadNumber) << bad;
  }
}

TEST(JsonScanTest, BracketsInStringsDoNotCount) {
  std::vector<std::size_t> commas;
  const auto shape = scan_json(R"(["[,{\"]",{"a":[1,2]},3])", &commas);
  ASSERT_TRUE(shape);
  EXPECT_EQ(shape->depth_max, 3U);
  EXPECT_EQ(commas, (std::vector<std::size_t>{9, 21}));
  for (const char* bad : {"[", "]", "][", "\"", "\"\\\"", "{\"}", "\\", "[\\\"\"]"})
    EXPECT_FALSE(scan_json(bad)) << bad;
  EXPECT_EQ(scan_json("7")->depth_max, 0U);
}

TEST(JsonWriteTest, WhatIsWrittenIsReadBack) {
  std::string every;
  for (char c = 0; c < 0x7f; ++c) every += c;
  for (const std::string& text : {every, std::string("\xC3\xA4 \xF0\x9F\x98\x80"), std::string()}) {
    std::string out = "{";
    append_json_member(out, "a\"", text);
    append_json_member(out, "b", "");
    out += '}';
    const auto document = parse_json(out);
    ASSERT_TRUE(document) << out;
    EXPECT_EQ(document.value().root().find("a\"")->text(), text);
  }
}

}  // namespace
}  // namespace meterbill
