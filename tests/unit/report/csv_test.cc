#include "report/csv.h"

#include <gtest/gtest.h>

namespace meterbill {
namespace {

std::string text_cell(std::string_view text) {
  std::string row = CsvRow{}.text(text).finish();
  return row.substr(0, row.size() - 2);
}

TEST(CsvTest, CellsThatNeedItAreQuoted) {
  EXPECT_EQ(text_cell("plain"), "plain");
  EXPECT_EQ(text_cell(""), "");
  EXPECT_EQ(text_cell("a,b"), "\"a,b\"");
  EXPECT_EQ(text_cell("say \"no\""), "\"say \"\"no\"\"\"");
  EXPECT_EQ(text_cell("two\nlines"), "\"two\nlines\"");
}

TEST(CsvTest, NoTextCellIsRunByASpreadsheet) {
  for (const char* text : {"=1+1", "+1", "-rf", "@SUM(A1)", "\tx", "\rx", "\nx"}) {
    const std::string cell = text_cell(text);
    EXPECT_EQ(cell.find('\''), cell.front() == '"' ? 1U : 0U) << cell;
  }
  EXPECT_EQ(text_cell("=HYPERLINK(\"a\",\"b\")"), "\"'=HYPERLINK(\"\"a\"\",\"\"b\"\")\"");
  EXPECT_EQ(text_cell("a=b"), "a=b");
}

TEST(CsvTest, NumbersOfOurOwnKeepTheirSign) {
  CsvRow row;
  EXPECT_EQ(row.plain("-1.5").text("x").plain("").finish(), "-1.5,x,\r\n");
  EXPECT_EQ(row.plain("next").finish(), "next\r\n");
}

TEST(CsvTest, AHeaderIsARow) { EXPECT_EQ(csv_header({"a", "b"}), "a,b\r\n"); }

}  // namespace
}  // namespace meterbill
