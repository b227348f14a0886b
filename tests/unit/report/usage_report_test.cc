#include "report/usage_report.h"

#include <gtest/gtest.h>

#include "report/coverage_printer.h"
#include "report/usage_printer.h"
#include "support/golden.h"
#include "unit/domain/billing_support.h"

namespace meterbill {
namespace {

void add(UsageTable& table, const char* meter, const char* at, Int128 base,
         const char* scope = "machine", const char* labels = "") {
  ASSERT_TRUE(table.add(ScopeName{scope}, labels, slot(at), MeterName{meter}, base));
}

/// Usage of machine `a`, printed whole.
std::string printed(UsageFormat format, UsageBy by, const UsageTable& table,
                    std::vector<ClockStep> steps = {}) {
  const UsagePage page{.by = by, .period = "2026-11", .widths = {10, 0, 6}};
  UsagePrinter printer(format, page);
  std::string text = printer.begin();
  text += printer.add({MachineId{"a"}, table.rows(), std::move(steps)});
  return text + printer.end();
}

std::string csv_by(UsageBy by, const char* zone_name) {
  const auto here = zone(zone_name);
  UsageTable table{by, *here};
  add(table, "memory", "2026-11-22T10:15:00Z", 5);
  add(table, "cpu", "2026-11-22T23:45:00Z", 4);
  add(table, "cpu", "2026-11-22T22:45:00Z", 1);
  add(table, "cpu", "2026-11-22T23:00:00Z", 2);
  return printed(UsageFormat::kCsv, by, table);
}

TEST(UsageReportTest, BySlotNamesTheSlotInUtc) {
  EXPECT_EQ(csv_by(UsageBy::kSlot, "Europe/Berlin"),
            "machine,scope,labels,slot,meter,quantity,unit\r\n"
            "a,machine,,2026-11-22T10:15:00Z,memory,5,kib_s\r\n"
            "a,machine,,2026-11-22T22:45:00Z,cpu,1,core_us\r\n"
            "a,machine,,2026-11-22T23:00:00Z,cpu,2,core_us\r\n"
            "a,machine,,2026-11-22T23:45:00Z,cpu,4,core_us\r\n");
}

TEST(UsageReportTest, ByHourAndDayFollowsTheZone) {
  EXPECT_EQ(csv_by(UsageBy::kHour, "Europe/Berlin"),
            "machine,scope,labels,hour,meter,quantity,unit\r\n"
            "a,machine,,2026-11-22T11:00:00+01:00,memory,5,kib_s\r\n"
            "a,machine,,2026-11-22T23:00:00+01:00,cpu,1,core_us\r\n"
            "a,machine,,2026-11-23T00:00:00+01:00,cpu,6,core_us\r\n");
  EXPECT_EQ(csv_by(UsageBy::kDay, "Europe/Berlin"),
            "machine,scope,labels,day,meter,quantity,unit\r\n"
            "a,machine,,2026-11-22,cpu,1,core_us\r\n"
            "a,machine,,2026-11-22,memory,5,kib_s\r\n"
            "a,machine,,2026-11-23,cpu,6,core_us\r\n");
}

TEST(UsageReportTest, AnHourThatComesTwiceIsTwoHours) {
  const auto berlin = zone("Europe/Berlin");
  UsageTable table{UsageBy::kHour, *berlin};
  add(table, "cpu", "2026-10-25T00:15:00Z", 1);
  add(table, "cpu", "2026-10-25T01:15:00Z", 2);
  const auto rows = table.rows();
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].time, "2026-10-25T02:00:00+02:00");
  EXPECT_EQ(rows[1].time, "2026-10-25T02:00:00+01:00");
}

TEST(UsageReportTest, IsCutAtTheFirstSlotOfASlotHourOrDay) {
  const auto berlin = zone("Europe/Berlin");
  const Slot at = slot("2026-11-22T10:30:00Z");
  const std::pair<UsageBy, const char*> firsts[] = {{UsageBy::kSlot, "2026-11-22T10:30:00Z"},
                                                    {UsageBy::kHour, "2026-11-22T10:00:00Z"},
                                                    {UsageBy::kDay, "2026-11-21T23:00:00Z"}};
  for (const auto& [by, first] : firsts) {
    UsageTable table{by, *berlin};
    EXPECT_EQ(to_string(table.first_of(at)), first);
    add(table, "cpu", first, 1);
    add(table, "cpu", "2026-11-21T22:45:00Z", 2);
    table.drop_from(at);
    ASSERT_EQ(table.rows().size(), 1U);
    EXPECT_EQ(table.rows()[0].quantity, 2);
  }
}

TEST(UsageReportTest, NoCellIsRunByASpreadsheet) {
  UsageTable table{UsageBy::kSlot, *utc_zone()};
  add(table, "cpu", "2026-11-22T10:15:00Z", 1, "user:=1+1", "-x=1");
  EXPECT_EQ(printed(UsageFormat::kCsv, UsageBy::kSlot, table),
            "machine,scope,labels,slot,meter,quantity,unit\r\n"
            "a,user:=1+1,'-x=1,2026-11-22T10:15:00Z,cpu,1,core_us\r\n");
}

UsageTable two_rows() {
  UsageTable table{UsageBy::kSlot, *utc_zone()};
  add(table, "cpu", "2026-11-22T10:15:00Z", 1'234);
  add(table, "memory", "2026-11-22T10:15:00Z", 5, "user:größe");
  return table;
}

TEST(UsageReportTest, TextAndJsonShowTheSameRowsAndTheClockSteps) {
  const std::vector<ClockStep> steps{{slot("2026-11-22T10:15:00Z"), 900'000'000, 100'000}};
  EXPECT_EQ(printed(UsageFormat::kText, UsageBy::kSlot, two_rows(), steps),
            "machine  slot\n"
            "  scope       labels  meter           quantity  unit\n"
            "a  2026-11-22T10:15:00Z\n"
            "  machine             cpu                 1234  core_us\n"
            "  user:größe          memory                 5  kib_s\n"
            "a  clock step: 900.1 s of 900 s in slot 2026-11-22T10:15:00Z\n");
  EXPECT_EQ(printed(UsageFormat::kJson, UsageBy::kSlot, two_rows(), steps),
            R"({"by":"slot","period":"2026-11","machines":[{"machine":"a","rows":[)"
            R"({"scope":"machine","labels":"","slot":"2026-11-22T10:15:00Z",)"
            R"("meter":"cpu","quantity":"1234","unit":"core_us"},)"
            R"({"scope":"user:größe","labels":"","slot":"2026-11-22T10:15:00Z",)"
            R"("meter":"memory","quantity":"5","unit":"kib_s"}],)"
            R"("clock_steps":[{"slot":"2026-11-22T10:15:00Z","seconds":"900.1",)"
            R"("metered_us":"900000000","estimated_us":"100000"}]}]})"
            "\n");
}

/// Two machines with parts, labels, a sum wider than its column, and a clock step.
std::string fleet_text(UsageBy by) {
  const auto berlin = zone("Europe/Berlin");
  UsageTable web{by, *berlin};
  add(web, "cpu", "2026-11-22T22:45:00Z", 1'485'838'868'400, "machine", "site=lab-3");
  add(web, "cpu", "2026-11-22T23:00:00Z", 600'000'000, "machine", "site=lab-3");
  add(web, "cpu", "2026-11-22T23:15:00Z", 1, "machine", "site=lab-3");
  add(web, "memory", "2026-11-22T22:45:00Z", 19'328'296'550'400, "machine", "site=lab-3");
  add(web, "cpu", "2026-11-22T22:45:00Z", 300'000'000, "service:nginx.service", "site=lab-3");
  UsageTable old{by, *berlin};
  add(old, "cpu_usage", "2026-11-22T22:45:00Z", Int128{1} << 60);
  UsagePrinter printer(UsageFormat::kText, {.by = by, .period = "2026-11", .widths = {21, 10, 9}});
  std::string text = printer.begin();
  text += printer.add({MachineId{"Machine_B"}, old.rows(), {}});
  text += printer.add(
      {MachineId{"web-1"}, web.rows(), {{slot("2026-11-22T22:45:00Z"), 900'000'000, 100'000}}});
  return text + printer.end();
}

TEST(UsageReportTest, AFleetAsText) {
  for (const UsageBy by : {UsageBy::kSlot, UsageBy::kHour, UsageBy::kDay})
    expect_golden("tests/golden/usage_by_" + std::string(to_string(by)) + ".txt", fleet_text(by));
}

TEST(UsageReportTest, WithoutUsageTheTextSaysSoAndProgramsGetTheFrame) {
  const UsagePage page{.by = UsageBy::kDay, .period = "2026-11"};
  const auto frame = [&page](UsageFormat format) {
    UsagePrinter printer(format, page);
    const std::string begin = printer.begin();
    return begin + printer.end();
  };
  EXPECT_EQ(frame(UsageFormat::kCsv), "machine,scope,labels,day,meter,quantity,unit\r\n");
  EXPECT_EQ(frame(UsageFormat::kJson), R"({"by":"day","period":"2026-11","machines":[]})"
                                       "\n");
  EXPECT_EQ(frame(UsageFormat::kText), "no usage in 2026-11\n");
  CoveragePrinter coverage(UsageFormat::kText,
                           CoveragePage{.by = UsageBy::kDay, .period = "2026-11"});
  EXPECT_EQ(coverage.begin() + coverage.end(), "no time was expected in 2026-11\n");
}

TEST(UsagePageTest, SaysWhereTheNextOneBegins) {
  UsagePage page{.by = UsageBy::kSlot, .period = "2026-11", .widths = {10, 0, 6}};
  page.machines.push_back({MachineId{"a"}, {}, {}});
  EXPECT_EQ(usage_page_json(page),
            R"({"by":"slot","period":"2026-11",)"
            R"("widths":{"scope":10,"labels":0,"meter":6},)"
            R"("machines":[{"machine":"a","rows":[],"clock_steps":[]}],"next":null})"
            "\n");
  page.next = UsageCursor{MachineId{"b"}, slot("2026-11-22T10:15:00Z")};
  EXPECT_NE(usage_page_json(page).find(R"("next":"b/2026-11-22T10:15:00Z")"), std::string::npos);
}

TEST(UsagePageTest, CursorsAreReadBackAndNothingElse) {
  const UsageCursor cursor{MachineId{"web-1"}, slot("2026-11-22T10:15:00Z")};
  EXPECT_EQ(parse_usage_cursor(to_string(cursor)), cursor);
  for (const char* text :
       {"", "web-1", "web-1/", "/2026-11-22T10:15:00Z", "-rf/2026-11-22T10:15:00Z",
        "web-1/2026-11-22T10:16:00Z", "web-1/2026-11-22T10:15:00Z/"})
    EXPECT_FALSE(parse_usage_cursor(text)) << text;
}

TEST(UsageReportTest, ReadsTheWordsOfTheCommandLine) {
  for (const UsageBy by : {UsageBy::kSlot, UsageBy::kHour, UsageBy::kDay})
    EXPECT_EQ(parse_usage_by(to_string(by)), by);
  EXPECT_FALSE(parse_usage_by("week"));
}

}  // namespace
}  // namespace meterbill
