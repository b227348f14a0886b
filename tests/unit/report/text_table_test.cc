#include "report/text_table.h"

#include <gtest/gtest.h>

namespace meterbill {
namespace {

TEST(TextTableTest, AlignsTextNumbersAndPoints) {
  TextTable table{{{"meter", Align::kLeft}, {"quantity", Align::kPoint}, {"n", Align::kRight}}};
  table.row({"cpu", "412.733019", "7"});
  table.heading("a heading");
  table.row({"memory", "5120.25", "123"});
  table.row({"x", "12", ""});
  EXPECT_EQ(table.text(),
            "meter      quantity    n\n"
            "cpu      412.733019    7\n"
            "a heading\n"
            "memory  5120.25      123\n"
            "x         12\n");
}

TEST(TextTableTest, WidthsCountCharactersNotBytes) {
  TextTable table{{{"a", Align::kLeft}, {"b", Align::kLeft}}};
  table.row({"äöü", "x"});
  table.row({"abc", "y"});
  EXPECT_EQ(table.text(), "a    b\näöü  x\nabc  y\n");
}

TEST(TextTableTest, ANumberIsNeverCut) {
  TextTable table{{{"q", Align::kPoint}}};
  const std::string digits(200, '9');
  table.row({digits});
  EXPECT_NE(table.text().find(digits), std::string::npos);
}

TEST(TextTableTest, ACellCanNeitherSteerTheTerminalNorFakeARow) {
  TextTable table{{{"scope", Align::kLeft}, {"n", Align::kRight}}};
  table.heading("labels site=\u009b2J");
  table.row({"user:a\u202E1.0\nuser:b", "1"});
  EXPECT_EQ(table.text(),
            "scope                      n\n"
            "labels site=\\u009b2J\n"
            "user:a\\u202e1.0\\x0auser:b  1\n");
}

TEST(TextTableTest, ColumnsAreLeftOutInTheirOrderUntilALineFits) {
  const auto table_of = [](std::size_t detail, std::size_t labels) {
    TextTable table{{{"id", Align::kRight},
                     {"labels", Align::kLeft, 2},
                     {"detail", Align::kLeft, 1},
                     {"last", Align::kLeft}}};
    table.row({"1", std::string(labels, 'l'), std::string(detail, 'd'), "now"});
    return table.fitted_text();
  };
  EXPECT_EQ(table_of(60, 7).find("left out"), std::string::npos);  // 2 2 7 2 60 2 4: 79
  EXPECT_EQ(table_of(62, 7),
            "id  labels   last\n"
            " 1  lllllll  now\n"
            "left out to fit 80 columns: detail; --json has all\n");
  EXPECT_EQ(table_of(62, 90),
            "id  last\n"
            " 1  now\n"
            "left out to fit 80 columns: detail, labels; --json has all\n");
}

TEST(LabelledTest, PartsBeginANewLineWhenTheyDoNotFit) {
  EXPECT_EQ(labelled_parts("worker", 9, {"ready", "", "0.1.0\n"}), "worker   ready   0.1.0\\x0a\n");
  EXPECT_EQ(labelled_parts("  a", 4, {std::string(70, 'x'), std::string(20, 'y')}),
            "  a " + std::string(70, 'x') + "\n    " + std::string(20, 'y') + "\n");
  EXPECT_EQ(labelled_parts("  a", 4, {std::string(50, 'x') + " " + std::string(50, 'y'), "z"}),
            "  a " + std::string(50, 'x') + "\n    " + std::string(50, 'y') + "   z\n");
}

TEST(LabelledTest, WhatFollowsTheLabelIsOneLineOfPlainText) {
  EXPECT_EQ(labelled("Machine", "web-1 labels site=\x1b[2J\u2066"),
            "Machine    web-1 labels site=\\x1b[2J\\u2066\n");
}

TEST(LabelledTest, BreaksAtSpacesAndIndents) {
  EXPECT_EQ(labelled("Prices", "built in"), "Prices     built in\n");
  const std::string text = labelled("Meaning", std::string(60, 'a') + " " + std::string(20, 'b'));
  EXPECT_EQ(text,
            "Meaning    " + std::string(60, 'a') + "\n           " + std::string(20, 'b') + "\n");
  EXPECT_EQ(labelled("", ""), "\n");
}

}  // namespace
}  // namespace meterbill
