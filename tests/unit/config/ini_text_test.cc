#include "config/ini_text.h"

#include <gtest/gtest.h>

namespace meterbill {
namespace {

/// The value of `x = <text>`, or "!" and the message.
std::string value_of(const std::string& text) {
  const IniText ini = split_ini("x =" + text);
  if (!ini.problems.empty()) return "!" + ini.problems.front().message;
  return ini.entries.size() == 1 ? ini.entries.front().value : "(no entry)";
}

TEST(IniTextTest, ACommentBeginsBehindABlankOnly) {
  EXPECT_EQ(value_of(" a#b"), "a#b");
  EXPECT_EQ(value_of(" a #b"), "a");
  EXPECT_EQ(value_of(" a\t# b"), "a");
  EXPECT_EQ(value_of(" #a"), "");
  EXPECT_EQ(value_of("#a"), "#a");
  EXPECT_EQ(value_of(" a;b ;c"), "a;b ;c");
}

TEST(IniTextTest, BlanksInsideAValueStay) {
  EXPECT_EQ(value_of("  two  words \t"), "two  words");
  EXPECT_EQ(value_of(" a = b"), "a = b");
  EXPECT_EQ(value_of(" it's \"quoted\" later"), "it's \"quoted\" later");
  EXPECT_EQ(value_of(R"( C:\Program Files\x)"), R"(C:\Program Files\x)");
}

TEST(IniTextTest, QuotesKeepEverything) {
  EXPECT_EQ(value_of(R"( "a # b")"), "a # b");
  EXPECT_EQ(value_of(R"( "  a  "  # why)"), "  a  ");
  EXPECT_EQ(value_of(R"( "say \"hi\" \\ bye")"), R"(say "hi" \ bye)");
  EXPECT_EQ(value_of(R"( "")"), "");
}

TEST(IniTextTest, AHalfQuotedValueIsAProblem) {
  for (const char* text : {R"( "a)", R"( "a" b)", R"( "a"#b)", R"( "a\n")", R"( "a\)"})
    EXPECT_EQ(value_of(text).front(), '!') << text << " gave " << value_of(text);
}

TEST(IniTextTest, EntriesKnowTheirSectionAndLine) {
  const IniText ini = split_ini(
      "\xEF\xBB\xBFtop.key = 1\r\n"
      "\r\n"
      "# comment\n"
      "; comment\n"
      "  # indented comment\n"
      "[agent]  # comment\n"
      "interval = 10s\n"
      "[ http ]\n"
      "listen=off");
  ASSERT_TRUE(ini.problems.empty()) << ini.problems.front().message;
  ASSERT_EQ(ini.entries.size(), 3U);
  EXPECT_EQ(ini.entries[0].section, "");
  EXPECT_EQ(ini.entries[0].value, "1");
  EXPECT_EQ(ini.entries[0].line, 1);
  EXPECT_EQ(ini.entries[1].section, "agent");
  EXPECT_EQ(ini.entries[1].line, 7);
  EXPECT_EQ(ini.entries[2].section, "http");
  EXPECT_EQ(ini.entries[2].key, "listen");
  EXPECT_EQ(ini.entries[2].line, 9);
}

TEST(IniTextTest, EveryWrongLineIsNamedAndTheRestIsRead) {
  const IniText ini = split_ini(
      "no equals sign here\n"
      "a = 1\n"
      "[open\n"
      "[]\n"
      "[a] b\n"
      "bad key! = 1\n"
      "= 1\n"
      "b = \x01\n"
      "c = \xff\n"
      "d = 2\n");
  std::vector<int> lines;
  for (const IniProblem& problem : ini.problems) lines.push_back(problem.line);
  EXPECT_EQ(lines, (std::vector{1, 3, 4, 5, 6, 7, 8, 9}));
  ASSERT_EQ(ini.entries.size(), 2U);
  EXPECT_EQ(ini.entries[1].value, "2");
}

TEST(IniTextTest, AProblemNeverRepeatsTheLine) {
  for (const char* text :
       {"hunter2", "x = \"hunter2", "hun ter2 = 1", "[hunter2", "x = \xff hunter2"})
    for (const IniProblem& problem : split_ini(text).problems)
      EXPECT_EQ(problem.message.find("hunter2"), std::string::npos) << problem.message;
}

TEST(IniTextTest, SaysWhetherACommentCutTheValue) {
  EXPECT_TRUE(split_ini("x = a # b").entries.front().cut_by_comment);
  EXPECT_FALSE(split_ini("x = a#b").entries.front().cut_by_comment);
  EXPECT_FALSE(split_ini("x = \"a\" # b").entries.front().cut_by_comment);
}

}  // namespace
}  // namespace meterbill
