#include "cli/usage_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "report/usage_printer.h"
#include "unit/cli/usage_command_bench.h"

namespace meterbill {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Slot slot(const char* text) { return Slot::parse(text).value(); }

UsageReportRow row(const char* time, Int128 quantity) {
  return {ScopeName{"machine"}, "", time, MeterName{"cpu"}, quantity};
}

/// Three pages: the second goes on with the first one's machine, the third is of another.
std::vector<UsagePage> fleet() {
  const UsagePage empty{.by = UsageBy::kSlot, .period = "2026-11", .widths = {7, 0, 3}};
  std::vector<UsagePage> pages(3, empty);
  pages[0].machines = {{MachineId{"web-1"}, {row("2026-11-22T10:00:00Z", 1)}, {}}};
  pages[0].next = UsageCursor{MachineId{"web-1"}, slot("2026-11-22T10:15:00Z")};
  pages[1].machines = {{MachineId{"web-1"},
                        {row("2026-11-22T10:15:00Z", Int128{1} << 100)},
                        {{slot("2026-11-22T10:15:00Z"), 900'000'000, 100'000}}}};
  pages[1].next = UsageCursor{MachineId{"web-2"}, slot("2026-11-01T00:00:00Z")};
  pages[2].machines = {{MachineId{"web-2"}, {row("2026-11-22T10:30:00Z", 3)}, {}}};
  return pages;
}

std::string printed_at_once(UsageFormat format) {
  UsagePrinter printer(format, fleet()[0]);
  std::string text = printer.begin();
  for (const UsagePage& page : fleet())
    for (const MachineUsage& piece : page.machines) text += printer.add(piece);
  return text + printer.end();
}

class UsageCommandTest : public UsageCommandBench {
 protected:
  void answer(const std::vector<UsagePage>& pages) {
    for (const UsagePage& page : pages) answers_.push_back({200, usage_page_json(page)});
  }
};

TEST_F(UsageCommandTest, FollowsThePagesInEachFormat) {
  const std::pair<const char*, UsageFormat> formats[] = {
      {"", UsageFormat::kText}, {"--csv", UsageFormat::kCsv}, {"--json", UsageFormat::kJson}};
  answer(fleet());
  for (const auto& [flag, format] : formats) {
    targets_.clear();
    screen_.out.str("");
    std::vector<std::string> arguments{"--by", "slot"};
    if (*flag != '\0') arguments.emplace_back(flag);
    EXPECT_EQ(run(arguments), kExitOk) << screen_.err.str();
    EXPECT_EQ(screen_.out.str(), printed_at_once(format));
  }
}

TEST_F(UsageCommandTest, AsksForThePeriodOfTheFirstPageAllAlong) {
  answer(fleet());
  EXPECT_EQ(run({"--by=slot", "--period=this-month"}), kExitOk);
  EXPECT_THAT(
      targets_,
      ElementsAre("/api/v1/usage?period=this-month&by=slot",
                  "/api/v1/usage?period=2026-11&by=slot&next=web-1%2F2026-11-22T10%3A15%3A00Z",
                  "/api/v1/usage?period=2026-11&by=slot&next=web-2%2F2026-11-01T00%3A00%3A00Z"));
}

TEST_F(UsageCommandTest, SaysThatItIsNotAllWhenTheConnectionBreaks) {
  std::vector<UsagePage> pages = fleet();
  pages.pop_back();
  answer(pages);
  EXPECT_EQ(run({"--csv"}), kExitUnavailable);
  EXPECT_THAT(screen_.err.str(),
              HasSubstr("what is printed ends after 2 rows and is not all: http://host: read the "
                        "answer: Connection reset by peer"));
}

TEST_F(UsageCommandTest, AFailureBeforeTheFirstRowPrintsNothing) {
  EXPECT_EQ(run({"--json"}), kExitUnavailable);
  EXPECT_EQ(screen_.out.str(), "");
  answers_ = {{404, R"({"error":"x","detail":"no machine 'web-9'"})"}};
  targets_.clear();
  EXPECT_EQ(run({"--machine=web-9"}), kExitNoInput);
  EXPECT_THAT(screen_.err.str(), HasSubstr("no machine 'web-9'"));
}

TEST_F(UsageCommandTest, PagesThatGoInCirclesEndIt) {
  answer({fleet()[0], fleet()[0], fleet()[0], fleet()[0]});
  EXPECT_EQ(run({"--csv"}), kExitUnavailable);
  EXPECT_EQ(targets_.size(), 2U);
  EXPECT_THAT(screen_.err.str(), HasSubstr("the same page again"));
}

TEST_F(UsageCommandTest, AnswersOfOthersAreNamed) {
  const std::pair<const char*, const char*> answers[] = {
      {"<html>", "not answer in JSON"},
      {"[]", "'by'"},
      {R"({"by":"week"})", "'by'"},
      {R"({"by":"slot","period":1})", "'period'"},
      {R"({"by":"slot","period":"2026-11","widths":{"scope":-1}})", "'scope'"},
      {R"({"by":"slot","period":"2026-11","widths":{"scope":1000000}})", "'scope'"}};
  for (const auto& [body, named] : answers) {
    targets_.clear();
    screen_.err.str("");
    answers_ = {{200, body}};
    EXPECT_EQ(run({}), kExitUnavailable) << body;
    EXPECT_THAT(screen_.err.str(), HasSubstr(named)) << body;
  }
  for (const char* name : {"rows", "scope", "labels", "slot", "meter", "quantity", "clock_steps",
                           "metered_us", "estimated_us", "next", "machines"}) {
    std::string body = usage_page_json(fleet()[1]);
    body.replace(body.rfind(std::string("\"") + name + "\":"), 2, "\"x");  // under another name
    targets_.clear();
    answers_ = {{200, body}};
    EXPECT_EQ(run({}), kExitUnavailable) << body;
  }
}

TEST_F(UsageCommandTest, NoTextOfAServerSteersTheTerminal) {
  std::vector<UsagePage> pages{fleet()[2]};
  MachineUsage& machine = pages[0].machines[0];
  machine.machine = MachineId{"web\x1b[2J"};
  machine.rows[0].scope = ScopeName{"user:\xe2\x80\xae\n"};
  machine.rows[0].labels = "a=\x7f\xc2\x9b";
  machine.rows[0].meter = MeterName{"c\r"};
  machine.clock_steps = {{slot("2026-11-22T10:15:00Z"), 900'000'000, 100'000}};
  answer(pages);
  EXPECT_EQ(run({"--by", "slot"}), kExitOk) << screen_.err.str();
  EXPECT_THAT(screen_.out.str(), HasSubstr("\nweb\\x1b[2J  2026-11-22T10:30:00Z\n"
                                           "  user:\\u202e\\x0a  a=\\x7f\\u009b  c\\x0d"));
  EXPECT_THAT(screen_.out.str(), HasSubstr("\nweb\\x1b[2J  clock step: "));
}

TEST_F(UsageCommandTest, ATimeThatIsNoneIsNoAnswerOfAWorker) {
  for (const char* time : {"", "=1+1", "2026-11-22,x", "2026-11-22\n", "\x1b[2J"}) {
    targets_.clear();
    answers_.clear();
    std::vector<UsagePage> pages{fleet()[2]};
    pages[0].machines[0].rows[0].time = time;
    answer(pages);
    EXPECT_EQ(run({"--by", "slot", "--csv"}), kExitUnavailable) << time;
    EXPECT_EQ(screen_.out.str(), "");
    EXPECT_THAT(screen_.err.str(), HasSubstr("'slot' is missing or of another kind"));
  }
}

TEST_F(UsageCommandTest, CsvAndJsonExcludeEachOther) {
  EXPECT_EQ(run({"--csv", "--json"}), kExitUsage);
  EXPECT_TRUE(targets_.empty());
}

}  // namespace
}  // namespace meterbill
