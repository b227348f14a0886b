#include "config/man_page.h"

#include <gmock/gmock.h>

#include <sstream>

namespace meterbill {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

TEST(RoffTextTest, WhatRoffWouldReadOtherwiseIsEscaped) {
  EXPECT_EQ(roff_text("a-b"), "a\\-b\n");
  EXPECT_EQ(roff_text("a\\b"), "a\\eb\n");
  EXPECT_EQ(roff_text("it's \"so\""), "it\\(aqs \\(dqso\\(dq\n");
  EXPECT_EQ(roff_text("~^"), "\\(ti\\(ha\n");
}

TEST(RoffTextTest, NoLineIsARequest) {
  EXPECT_EQ(roff_text(".conf"), "\\&.conf\n");
  EXPECT_EQ(roff_text("'quoted"), "\\(aqquoted\n");
  // Also where it is the wrapping that brings a word to the start of a line.
  std::istringstream lines(roff_text(std::string(88, 'a') + " .so /etc/passwd"));
  for (std::string line; std::getline(lines, line);) EXPECT_NE(line.front(), '.') << line;
  // And behind the end of a sentence.
  EXPECT_EQ(roff_text("End. .so"), "End.\n\\&.so\n");
}

TEST(RoffTextTest, BackticksAreBold) {
  EXPECT_EQ(roff_text("see `a b`."), "see \\fBa b\\fP.\n");
  EXPECT_EQ(roff_text("see `a"), "see \\fBa\\fP\n");
}

TEST(RoffTextTest, WhatIsNotAsciiIsNamed) {
  EXPECT_EQ(roff_text("a×b…"), "a\\[u00D7]b\\[u2026]\n");
  EXPECT_EQ(roff_text("a\xffz"), "a\\[uFFFD]z\n");
  EXPECT_EQ(roff_text("a\u00A0b"), "a\\~b\n");
}

TEST(RoffTextTest, BlanksAndLineEndsOnlySeparateWords) {
  EXPECT_EQ(roff_text("  a \n b  "), "a b\n");
  EXPECT_EQ(roff_text(""), "");
}

TEST(RoffTextTest, LinesAreWrappedAndSentencesBeginThem) {
  std::string text;
  for (int i = 0; i < 60; ++i) text += "word ";
  std::istringstream lines(roff_text(text));
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 90U);
  EXPECT_EQ(roff_text("One. Two."), "One.\nTwo.\n");
}

TEST(ManPageTest, BeginsAsManAndLexgrogWantIt) {
  EXPECT_THAT(ManPage("a-b.conf", 5, "what it is").roff(),
              StartsWith(".TH A\\-B.CONF 5 \"\" MeterBill \"MeterBill\"\n"));
  EXPECT_THAT(ManPage("a-b.conf", 5, "what it is").roff(),
              EndsWith(".SH NAME\na\\-b.conf \\- what it is\n"));
}

TEST(ManPageTest, ItemsHaveATermAndAMeaning) {
  ManPage page("a", 1, "b");
  page.item("`--x` FILE", "Reads it.");
  page.more("More.");
  EXPECT_THAT(page.roff(), EndsWith(".TP\n\\fB\\-\\-x\\fP FILE\nReads it.\n.IP\nMore.\n"));
}

TEST(ManPageTest, ExamplesStayAsTheyAre) {
  ManPage page("a", 1, "b");
  page.example("x  =  `y`\n\n.z\n");
  EXPECT_THAT(page.roff(), EndsWith(".PP\n.RS 4\n.EX\nx  =  \\(gay\\(ga\n\n\\&.z\n.EE\n.RE\n"));
}

TEST(ManPageTest, SeeAlsoNamesPages) {
  ManPage page("a", 1, "b");
  page.see_also("x(1) y-z.conf(5)");
  EXPECT_THAT(page.roff(), HasSubstr(".SH SEE ALSO\n.PP\n\\fBx\\fP(1), \\fBy\\-z.conf\\fP(5)\n"));
}

}  // namespace
}  // namespace meterbill
