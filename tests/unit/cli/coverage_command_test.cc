// `meterbill usage --coverage` against answers that stand ready.
#include <gmock/gmock.h>

#include "cli/usage_command.h"
#include "report/coverage_page.h"
#include "unit/cli/usage_command_bench.h"

namespace meterbill {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

CoveragePage page_of(const char* machine, const char* day, std::optional<UsageCursor> next = {}) {
  return {.by = UsageBy::kDay,
          .period = "2026-11",
          .machines = {{MachineId{machine}, true, {{day, {3'000'000, 1'000'000, 0, 4'000'000}}}}},
          .next = std::move(next)};
}

class CoverageCommandTest : public UsageCommandBench {
 protected:
  void answer(const CoveragePage& page) { answers_.push_back({200, coverage_page_json(page)}); }
};

TEST_F(CoverageCommandTest, FollowsThePages) {
  const UsageCursor next{MachineId{"web-1"}, Slot::parse("2026-11-23T00:00:00Z").value()};
  answer(page_of("web-1", "2026-11-22", next));
  answer(page_of("web-1", "2026-11-23"));
  EXPECT_EQ(run({"--coverage", "--by=day", "--period=this-month", "--csv"}), kExitOk)
      << screen_.err.str();
  EXPECT_THAT(
      targets_,
      ElementsAre("/api/v1/coverage?period=this-month&by=day",
                  "/api/v1/coverage?period=2026-11&by=day&next=web-1%2F2026-11-23T00%3A00%3A00Z"));
  EXPECT_EQ(screen_.out.str(),
            "machine,day,expected_us,metered_us,estimated_us,off_us,missing_us,metered_percent,"
            "estimated_percent,off_percent,missing_percent\r\n"
            "web-1,2026-11-22,8000000,3000000,1000000,0,4000000,37.50,12.50,0.00,50.00\r\n"
            "web-1,2026-11-23,8000000,3000000,1000000,0,4000000,37.50,12.50,0.00,50.00\r\n");
}

TEST_F(CoverageCommandTest, SaysThatItIsNotAllWhenTheConnectionBreaks) {
  answer(page_of("web-1", "2026-11-22",
                 UsageCursor{MachineId{"web-1"}, Slot::parse("2026-11-23T00:00:00Z").value()}));
  EXPECT_EQ(run({"--coverage", "--by=day"}), kExitUnavailable);
  EXPECT_THAT(screen_.err.str(), HasSubstr("what is printed ends after 1 rows and is not all"));
}

TEST_F(CoverageCommandTest, AnswersOfOthersAreNamed) {
  for (const char* name : {"by", "period", "machines", "machine", "coverage", "day", "metered_us",
                           "estimated_us", "off_us", "missing_us", "next"}) {
    CoveragePage page = page_of("web-1", "2026-11-22");
    std::string body = coverage_page_json(page);
    body.replace(body.rfind(std::string("\"") + name + "\":"), 2, "\"x");  // under another name
    answers_ = {{200, body}};
    targets_.clear();
    screen_.err.str("");
    EXPECT_EQ(run({"--coverage", "--by=day"}), kExitUnavailable) << body;
    EXPECT_THAT(screen_.err.str(), HasSubstr("missing or of another kind")) << body;
  }
  answers_ = {{200, coverage_page_json(page_of("web-1", "=1+1"))}};
  targets_.clear();
  EXPECT_EQ(run({"--coverage", "--csv"}), kExitUnavailable);
}

}  // namespace
}  // namespace meterbill
