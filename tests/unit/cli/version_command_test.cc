#include "cli/version_command.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "unit/cli/terminal.h"

namespace meterbill {
namespace {

TEST(VersionCommandTest, NamesItselfItsCommitAndItsLibraries) {
  TestTerminal test;
  EXPECT_EQ(version_command({{"sqlite", "3.40.1"}}).run({}, test.terminal), kExitOk);
  EXPECT_TRUE(test.out.str().starts_with("meterbill 0.")) << test.out.str();
  for (const char* row :
       {"\n  commit  ", "\n  built  ", "\n  compiler  ", "\n  sqlite       3.40.1\n"})
    EXPECT_NE(test.out.str().find(row), std::string::npos) << row;
}

TEST(VersionCommandTest, PrintsJson) {
  TestTerminal test;
  EXPECT_EQ(version_command({{"sqlite", "3.40.1"}}).run({"--json"}, test.terminal), kExitOk);
  const auto all = boost::json::parse(test.out.str());
  EXPECT_EQ(all.at("libraries").at("sqlite"), "3.40.1");
  EXPECT_TRUE(all.at("version").is_string());
  EXPECT_TRUE(all.at("commit").is_string());
  EXPECT_EQ(version_command({}).run({"word"}, test.terminal), kExitUsage);
}

}  // namespace
}  // namespace meterbill
