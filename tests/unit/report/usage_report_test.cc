#include "report/usage_report.h"

#include <gtest/gtest.h>

#include "unit/domain/billing_support.h"

namespace meterbill {
namespace {

void add(UsageTable& table, const char* machine, const char* meter, const char* at, Int128 base,
         const char* scope = "machine", const char* labels = "") {
  ASSERT_TRUE(
      table.add(MachineId{machine}, ScopeName{scope}, labels, slot(at), MeterName{meter}, base));
}

std::string csv_by(UsageBy by, const char* zone_name) {
  const auto here = zone(zone_name);
  UsageTable table{by, *here};
  add(table, "b", "memory", "2026-11-22T10:15:00Z", 5);
  add(table, "a", "cpu", "2026-11-22T23:45:00Z", 4);
  add(table, "a", "cpu", "2026-11-22T22:45:00Z", 1);
  add(table, "a", "cpu", "2026-11-22T23:00:00Z", 2);
  return usage_csv_header(by) + usage_csv(table.rows());
}

TEST(UsageReportTest, BySlotNamesTheSlotInUtc) {
  EXPECT_EQ(csv_by(UsageBy::kSlot, "Europe/Berlin"),
            "machine,scope,labels,slot,meter,quantity,unit\r\n"
            "a,machine,,2026-11-22T22:45:00Z,cpu,1,core_us\r\n"
            "a,machine,,2026-11-22T23:00:00Z,cpu,2,core_us\r\n"
            "a,machine,,2026-11-22T23:45:00Z,cpu,4,core_us\r\n"
            "b,machine,,2026-11-22T10:15:00Z,memory,5,kib_s\r\n");
}

TEST(UsageReportTest, ByHourAndDayFollowsTheZone) {
  EXPECT_EQ(csv_by(UsageBy::kHour, "Europe/Berlin"),
            "machine,scope,labels,hour,meter,quantity,unit\r\n"
            "a,machine,,2026-11-22T23:00:00+01:00,cpu,1,core_us\r\n"
            "a,machine,,2026-11-23T00:00:00+01:00,cpu,6,core_us\r\n"
            "b,machine,,2026-11-22T11:00:00+01:00,memory,5,kib_s\r\n");
  EXPECT_EQ(csv_by(UsageBy::kDay, "Europe/Berlin"),
            "machine,scope,labels,day,meter,quantity,unit\r\n"
            "a,machine,,2026-11-22,cpu,1,core_us\r\n"
            "a,machine,,2026-11-23,cpu,6,core_us\r\n"
            "b,machine,,2026-11-22,memory,5,kib_s\r\n");
}

TEST(UsageReportTest, AnHourThatComesTwiceIsTwoHours) {
  const auto berlin = zone("Europe/Berlin");
  UsageTable table{UsageBy::kHour, *berlin};
  add(table, "a", "cpu", "2026-10-25T00:15:00Z", 1);
  add(table, "a", "cpu", "2026-10-25T01:15:00Z", 2);
  const auto rows = table.rows();
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].time, "2026-10-25T02:00:00+02:00");
  EXPECT_EQ(rows[1].time, "2026-10-25T02:00:00+01:00");
}

TEST(UsageReportTest, NoCellIsRunByASpreadsheet) {
  UsageTable table{UsageBy::kSlot, *utc_zone()};
  add(table, "a", "cpu", "2026-11-22T10:15:00Z", 1, "user:=1+1", "-x=1");
  EXPECT_EQ(usage_csv(table.rows()), "a,user:=1+1,'-x=1,2026-11-22T10:15:00Z,cpu,1,core_us\r\n");
}

TEST(UsageReportTest, TextAndJsonShowTheSameRows) {
  UsageTable table{UsageBy::kSlot, *utc_zone()};
  add(table, "a", "cpu", "2026-11-22T10:15:00Z", 1'234);
  EXPECT_EQ(usage_text(table.rows(), UsageBy::kSlot),
            "machine  scope    labels  slot                  meter  quantity  unit\n"
            "a        machine          2026-11-22T10:15:00Z  cpu        1234  core_us\n");
  EXPECT_EQ(usage_json(table.rows(), UsageBy::kSlot),
            R"([{"machine":"a","scope":"machine","labels":"","slot":"2026-11-22T10:15:00Z",)"
            R"("meter":"cpu","quantity":"1234","unit":"core_us"}])"
            "\n");
}

TEST(UsageReportTest, ReadsTheWordsOfTheCommandLine) {
  for (const UsageBy by : {UsageBy::kSlot, UsageBy::kHour, UsageBy::kDay})
    EXPECT_EQ(parse_usage_by(to_string(by)), by);
  EXPECT_FALSE(parse_usage_by("week"));
}

}  // namespace
}  // namespace meterbill
