#include "config/print.h"

#include <gtest/gtest.h>

#include <sstream>

#include "config/ini_text.h"
#include "config/load.h"
#include "support/golden.h"

namespace meterbill {
namespace {

class PrintTest : public testing::TestWithParam<const OptionTable*> {};

TEST_P(PrintTest, TheShippedFileIsWhatTheTableSays) {
  expect_golden(METERBILL_CONF_FOLDER "/" + std::string(GetParam()->short_name) + ".conf",
                print_conf(*GetParam()));
}

TEST_P(PrintTest, HelpIsWhatItWas) {
  expect_golden(METERBILL_HELP_FOLDER "/help_" + std::string(GetParam()->short_name) + ".txt",
                print_help(*GetParam()));
}

TEST_P(PrintTest, TheShippedFileSetsNothing) {
  const IniText ini = split_ini(print_conf(*GetParam()));
  EXPECT_TRUE(ini.problems.empty());
  EXPECT_TRUE(ini.entries.empty());
}

TEST_P(PrintTest, UncommentedTheShippedFileSaysTheDefaults) {
  std::istringstream lines{print_conf(*GetParam())};
  std::string text;
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with('[') || (line.starts_with('#') && line.size() > 1 && line[1] != ' '))
      text += (line.starts_with('#') ? line.substr(1) : line) + "\n";
  const IniText ini = split_ini(text);
  ASSERT_TRUE(ini.problems.empty()) << ini.problems.front().message;
  ASSERT_EQ(ini.entries.size(), GetParam()->options.size());
  for (std::size_t i = 0; i < ini.entries.size(); ++i) {
    const IniEntry& entry = ini.entries[i];
    EXPECT_EQ(entry.section + "." + entry.key, GetParam()->options[i].name);
    EXPECT_EQ(entry.value, GetParam()->options[i].standard) << entry.key;
  }
}

TEST_P(PrintTest, LinesFitTheirColumns) {
  std::istringstream conf{print_conf(*GetParam())};
  for (std::string line; std::getline(conf, line);) EXPECT_LE(line.size(), 100U) << line;
  std::istringstream help{print_help(*GetParam())};
  for (std::string line; std::getline(help, line);) EXPECT_LE(line.size(), 80U) << line;
}

INSTANTIATE_TEST_SUITE_P(Programs, PrintTest, testing::Values(&agent_options(), &worker_options()),
                         [](const auto& row) { return std::string(row.param->short_name); });

TEST(PrintSettingsTest, OriginsStandBesideValues) {
  const auto settings =
      load_settings(agent_options(), {.config_file = {},
                                      .default_file = "/nonexistent/agent.conf",
                                      .environment = {{"METERBILL_AGENT_INTERVAL", "1s"}},
                                      .command_line = {},
                                      .check_property = {}});
  ASSERT_TRUE(settings) << settings.error().message;
  const std::string text = print_settings(settings.value(), true);
  EXPECT_NE(text.find("agent.interval = 1s "), std::string::npos) << text;
  EXPECT_NE(text.find("  # environment METERBILL_AGENT_INTERVAL\n"), std::string::npos) << text;
  EXPECT_NE(text.find("  # default: the host name\n"), std::string::npos) << text;
  EXPECT_EQ(print_settings(settings.value(), false).find('#'), std::string::npos);
}

}  // namespace
}  // namespace meterbill
