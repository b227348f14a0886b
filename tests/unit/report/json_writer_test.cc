#include "report/json_writer.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/json_text.h"

namespace meterbill {
namespace {

TEST(JsonWriterTest, WritesNestedValuesInTheOrderGiven) {
  JsonWriter json;
  json.begin_object()
      .string("machine", "web-1")
      .integer("count", std::numeric_limits<std::int64_t>::min())
      .number("cost", "1.227")
      .boolean("ready", false)
      .null("reason")
      .begin_array("lines")
      .begin_object()
      .end_object()
      .integer(1)
      .string("x")
      .begin_array()
      .end_array()
      .end_array()
      .begin_object("last")
      .boolean("yes", true)
      .end_object()
      .end_object();
  EXPECT_TRUE(json.is_complete());
  EXPECT_EQ(json.take(),
            R"({"machine":"web-1","count":-9223372036854775808,"cost":1.227,"ready":false,)"
            R"("reason":null,"lines":[{},1,"x",[]],"last":{"yes":true}})");
}

TEST(JsonWriterTest, ALongDocumentCanBeTakenInParts) {
  JsonWriter json;
  json.begin_array().integer(1);
  EXPECT_EQ(json.take(), "[1");
  EXPECT_FALSE(json.is_complete());
  json.integer(2).end_array();
  EXPECT_EQ(json.take(), ",2]");
  EXPECT_TRUE(json.is_complete());
}

struct TextCase {
  const char* name;
  std::string text;
  std::string want;
};
void PrintTo(const TextCase& row, std::ostream* out) { *out << row.name; }

class JsonStringTest : public testing::TestWithParam<TextCase> {};

TEST_P(JsonStringTest, IsEscapedAndAlwaysUtf8) {
  std::string out;
  append_json_text(out, GetParam().text);
  EXPECT_EQ(out, GetParam().want);
}

const std::string kBad = "\xEF\xBF\xBD";

INSTANTIATE_TEST_SUITE_P(
    Texts, JsonStringTest,
    testing::Values(
        TextCase{"plain", "a/b", R"("a/b")"}, TextCase{"empty", "", R"("")"},
        TextCase{"quote_and_backslash", "a\"b\\", R"("a\"b\\")"},
        TextCase{"controls", std::string("\x00\x1f\n\r\t\x7f", 6), R"("\u0000\u001f\n\r\t\u007f")"},
        TextCase{"two_to_four_bytes", "ä€😀", "\"ä€😀\""},
        TextCase{"a_lone_tail", "a\x80z", "\"a" + kBad + "z\""},
        TextCase{"cut_off", "a\xE2\x82", "\"a" + kBad + kBad + "\""},
        TextCase{"overlong_slash", "\xC0\xAF", "\"" + kBad + kBad + "\""},
        TextCase{"overlong_three", "\xE0\x80\xAF", "\"" + kBad + kBad + kBad + "\""},
        TextCase{"surrogate", "\xED\xA0\x80", "\"" + kBad + kBad + kBad + "\""},
        TextCase{"beyond_unicode", "\xF4\x90\x80\x80", "\"" + kBad + kBad + kBad + kBad + "\""}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(JsonNumberTest, FollowsTheGrammarOfRfc8259) {
  for (const char* text : {"0", "-0", "12", "1.227", "-0.05", "1e5", "1E-5", "1.5e+10",
                           "123456789012345678901234567890.000000000001"}) {
    EXPECT_TRUE(is_json_number(text)) << text;
  }
  for (const char* text : {"", "-", "01", "012.3", "1.", ".5", "+1", "1e", "1e+", "1.2abc", "NaN",
                           "0x10", "1 ", " 1", "--1"}) {
    EXPECT_FALSE(is_json_number(text)) << text;
  }
}

TEST(JsonWriterTest, TextThatIsNoNumberCannotBreakTheDocument) {
  JsonWriter json;
  json.begin_array().number("1],\"x\":[2").number("1.50").end_array();
  EXPECT_EQ(json.take(), R"(["1],\"x\":[2",1.50])");
}

TEST(JsonWriterDeathTest, MisuseEndsTheProgram) {
  EXPECT_DEATH(JsonWriter().begin_object().integer(1), "has_key_");
  EXPECT_DEATH(JsonWriter().begin_array().key("a"), "is_object");
  EXPECT_DEATH(JsonWriter().begin_array().end_object(), "is_object");
  EXPECT_DEATH(JsonWriter().begin_object().key("a").end_object(), "has_key_");
  EXPECT_DEATH(JsonWriter().integer(1).integer(2), "done_");
}

}  // namespace
}  // namespace meterbill
