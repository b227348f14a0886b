#include "base/printable.h"

#include <gtest/gtest.h>

#include "base/utf8.h"

namespace meterbill {
namespace {

struct Shown {
  const char* name;
  std::string text;
  std::string want;
};
void PrintTo(const Shown& row, std::ostream* out) { *out << row.name; }

class PrintableTest : public testing::TestWithParam<Shown> {};

TEST_P(PrintableTest, ShowsWhatWouldHideOrSteer) {
  EXPECT_EQ(printable(GetParam().text), GetParam().want);
}

INSTANTIATE_TEST_SUITE_P(
    Texts, PrintableTest,
    testing::Values(
        Shown{"empty", "", ""}, Shown{"plain", "web-1 ~", "web-1 ~"},
        Shown{"letters", "größe 中 \U0001F5A5", "größe 中 \U0001F5A5"},
        Shown{"escape", "\x1b[31m", "\\x1b[31m"}, Shown{"tab", "a\tb", "a\\x09b"},
        Shown{"newline", "a\nb", "a\\x0ab"}, Shown{"nul", std::string("a\0b", 3), "a\\x00b"},
        Shown{"delete", "a\x7f", "a\\x7f"}, Shown{"before_c1", "~\u00A0", "~\u00A0"},
        Shown{"first_of_c1", "\u0080", "\\u0080"},
        Shown{"control_sequence_of_c1", "\u009b31m", "\\u009b31m"},
        Shown{"last_of_c1", "\u009F", "\\u009f"}, Shown{"bare_byte_of_c1", "\x9b\x33", "\\x9b3"},
        Shown{"right_to_left_override", "a\u202Eb", "a\\u202eb"},
        Shown{"isolate", "\u2066a\u2069", "\\u2066a\\u2069"},
        Shown{"arabic_letter_mark", "\u061C", "\\u061c"},
        Shown{"zero_width", "a\u200Bb\u200D", "a\\u200bb\\u200d"},
        Shown{"byte_order_mark", "\uFEFFa", "\\ufeffa"},
        Shown{"line_separator", "a\u2028b\u2029", "a\\u2028b\\u2029"},
        Shown{"tag", "\U000E0041", "\\U000e0041"}, Shown{"not_utf8", "a\xFFz", "a\\xffz"},
        Shown{"cut_letter", "gr\xC3", "gr\\xc3"},
        Shown{"surrogate", "\xED\xA0\x80", "\\xed\\xa0\\x80"}),
    [](const auto& param) { return std::string(param.param.name); });

TEST(PrintableLinesTest, KeepsLineEndsAlone) {
  EXPECT_EQ(printable_lines("a\x1b\nb\r\n\n"), "a\\x1b\nb\\x0d\n\n");
  EXPECT_EQ(printable_lines("no end"), "no end");
}

TEST(Utf8Test, ASequenceSaysItsCodePoint) {
  for (const char* text : {"~", "\u00A0", "\u202E", "\U0001F5A5"})
    EXPECT_EQ(utf8_sequence(text), std::string_view(text).size());
  EXPECT_EQ(utf8_sequence(""), 0U);
  EXPECT_EQ(utf8_code_point("~"), U'~');
  EXPECT_EQ(utf8_code_point("\u00A0"), U'\u00A0');
  EXPECT_EQ(utf8_code_point("\u202E"), U'\u202E');
  EXPECT_EQ(utf8_code_point("\U0010FFFF"), U'\U0010FFFF');
}

}  // namespace
}  // namespace meterbill
