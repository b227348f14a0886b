#include "report/coverage_report.h"

#include <gtest/gtest.h>

#include <numeric>

#include "report/coverage_printer.h"
#include "support/golden.h"

namespace meterbill {
namespace {

constexpr std::int64_t kSecond = 1'000'000;

CoveragePage page_of(std::optional<UsageBy> by) {
  CoveragePage page{.by = by, .period = "2026-11"};
  page.machines = {{MachineId{"Machine_B"}, false, {}},
                   {MachineId{"lab-07"}, true, {{"2026-11-21", {86'400 * kSecond, 0, 0, 0}}}},
                   {MachineId{"web-1.rack-2.berlin.example"},
                    true,
                    {{"2026-11-22", {82'800 * kSecond, 1'320 * kSecond, 2'280 * kSecond - 1, 1}},
                     {"2026-11-23", {1, 1, 1, 0}}}}};
  return page;
}

std::string printed(UsageFormat format) {
  const CoveragePage page = page_of(UsageBy::kDay);
  CoveragePrinter printer(format, page);
  std::string text = printer.begin();
  for (const MachineCoverage& machine : page.machines) {
    MachineCoverage piece = machine;  // row by row, as the smallest pages bring them
    piece.rows.clear();
    if (machine.rows.empty()) text += printer.add(piece);
    for (const CoverageRow& row : machine.rows) {
      piece.rows = {row};
      text += printer.add(piece);
    }
  }
  return text + printer.end();
}

TEST(CoverageReportTest, AsText) {
  expect_golden("tests/golden/coverage_by_day.txt", printed(UsageFormat::kText));
}

TEST(CoverageReportTest, AsCsv) {
  expect_golden("tests/golden/coverage_by_day.csv", printed(UsageFormat::kCsv));
}

TEST(CoverageReportTest, AsJsonItIsThePageWithoutItsEnd) {
  std::string page = coverage_page_json(page_of(UsageBy::kDay));
  page.replace(page.find(R"(,"next":null)"), std::string(R"(,"next":null)").size(), "");
  EXPECT_EQ(printed(UsageFormat::kJson), page);
}

TEST(CoverageReportTest, SharesAddUpToTheWholeWhateverTheyAre) {
  for (const Coverage& coverage : {Coverage{1, 1, 1, 0}, Coverage{1, 1, 1, 3}, Coverage{6, 1, 1, 1},
                                   Coverage{7, 0, 0, 2}, Coverage{31'622'400 * kSecond, 1, 1, 1}}) {
    const CoverageParts shares = shares_of(coverage);
    EXPECT_EQ(std::accumulate(shares.begin(), shares.end(), std::int64_t{0}), 10'000);
    const CoverageHours hours = hours_of(coverage);
    EXPECT_EQ(std::accumulate(hours.parts.begin(), hours.parts.end(), std::int64_t{0}),
              hours.expected);
  }
  // 33.33 each leave one hundredth over: ties go to the first.
  EXPECT_EQ(shares_of({1, 1, 1, 0}), (CoverageParts{3'334, 3'333, 3'333, 0}));
  EXPECT_EQ(shares_of({}), CoverageParts{});
}

}  // namespace
}  // namespace meterbill
