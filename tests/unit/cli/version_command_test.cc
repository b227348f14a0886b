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

TEST(VersionCommandTest, WarnsOfVersionsThatAreKnownToBeBad) {
  TestTerminal text;
  EXPECT_EQ(version_command({{"librdkafka", "2.0.2"}}).run({}, text.terminal), kExitOk);
  EXPECT_NE(
      text.out.str().find("\nwarning        librdkafka 2.0.2 cannot log in to Kafka 4 by SCRAM"),
      std::string::npos)
      << text.out.str();
  EXPECT_NE(text.out.str().find("\n  remedy       over TLS"), std::string::npos);

  const auto warnings =
      boost::json::parse(version_json({{"librdkafka", "2.0.2"}, {"sqlite", "3.99.0"}}))
          .at("warnings")
          .as_array();
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_EQ(warnings[0].at("library"), "librdkafka");
  EXPECT_EQ(warnings[0].at("version"), "2.0.2");
  EXPECT_TRUE(warnings[0].at("problem").is_string());
  EXPECT_TRUE(warnings[0].at("remedy").is_string());
}

TEST(VersionCommandTest, SaysNothingOfSoundVersions) {
  TestTerminal test;
  EXPECT_EQ(version_command({{"librdkafka", "2.6.1"}}).run({}, test.terminal), kExitOk);
  EXPECT_EQ(test.out.str().find("warning"), std::string::npos) << test.out.str();
  EXPECT_TRUE(boost::json::parse(version_json({{"librdkafka", "2.6.1"}}))
                  .at("warnings")
                  .as_array()
                  .empty());
}

}  // namespace
}  // namespace meterbill
