#include "cli/man_command.h"

#include <gmock/gmock.h>

#include <sstream>

#include "cli/completion.h"
#include "every_command.h"
#include "support/golden.h"
#include "support/man_page_check.h"

namespace meterbill {
namespace {

using testing::HasSubstr;

TEST(ManCommandTest, TheShippedPageIsWhatTheCommandsSay) {
  expect_golden("packaging/man/meterbill.1", man_command(every_command()));
}

TEST(ManCommandTest, ManReadsThePageWithoutAWarning) {
  expect_readable_page(std::string(METERBILL_SOURCE_DIR) + "/packaging/man/meterbill.1",
                       "meterbill");
}

TEST(ManCommandTest, ACommandStandsThereWithItsOperandsAndOptions) {
  const std::string page = man_command({{.path = {"go", "far"},
                                         .summary = "Goes.",
                                         .operands = "WHERE",
                                         .flags = {{.name = "by", .value = "BUS", .help = "this"},
                                                   {.name = "fast", .help = "that"}}}});
  EXPECT_THAT(page, HasSubstr(".SS go far\n.PP\n\\fBmeterbill go far\\fP WHERE [\\fB\\-\\-by\\fP\\~"
                              "BUS] [\\fB\\-\\-fast\\fP]\n.PP\nGoes.\n.TP\n\\fB\\-\\-by\\fP BUS\n"
                              "this\n.TP\n\\fB\\-\\-fast\\fP\nthat\n"));
}

/// Those that `meterbill --help` lists, as it lists them.
std::vector<std::string> listed_commands() {
  std::istringstream lines(run_command(std::string(METERBILL_COMMAND) + " --help").text);
  std::vector<std::string> found;
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("  ") && line[2] != ' ')
      found.push_back(line.substr(2, line.find("  ", 2) - 2));
  return found;
}

TEST(ManCommandTest, ItsCommandsAreThoseOfTheProgram) {
  std::vector<std::string> paths;
  for (const Command& command : every_command()) paths.push_back(path_text(command));
  EXPECT_EQ(paths, listed_commands());
}

}  // namespace
}  // namespace meterbill
