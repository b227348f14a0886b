#include "cli/arguments.h"

#include <gtest/gtest.h>

namespace meterbill {
namespace {

const std::vector<Flag> kFlags{
    {.name = "json"}, {.name = "server", .value = "URL"}, {.name = "by", .value = "slot|day"}};

std::string refused(const std::vector<std::string>& arguments) {
  const auto result = parse_arguments(arguments, kFlags, 1);
  if (result) return "(accepted)";
  EXPECT_EQ(result.error().code, Code::kUsage);
  return result.error().message;
}

TEST(ArgumentsTest, AreTakenApart) {
  const auto got = parse_arguments({"web-1", "--json", "--server=http://a:1"}, kFlags, 1);
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got.value().words, (std::vector<std::string>{"web-1"}));
  EXPECT_TRUE(got.value().has("json"));
  EXPECT_EQ(got.value().value("server"), "http://a:1");
  EXPECT_EQ(got.value().value("other"), std::nullopt);
  EXPECT_EQ(parse_arguments({"--server", "x"}, kFlags, 0).value().value("server"), "x");
}

TEST(ArgumentsTest, BehindTwoDashesAllAreWords) {
  const auto got = parse_arguments({"--", "--json"}, kFlags, 1);
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got.value().words, (std::vector<std::string>{"--json"}));
  EXPECT_FALSE(got.value().has("json"));
}

TEST(ArgumentsTest, EachMistakeIsNamed) {
  EXPECT_EQ(refused({"--jsn"}), "unknown option --jsn; did you mean --json?");
  EXPECT_EQ(refused({"--zzzzzz"}), "unknown option --zzzzzz; see --help");
  EXPECT_EQ(refused({"--js"}), "unknown option --js; see --help");
  EXPECT_EQ(refused({"--json", "--json"}), "--json is given twice");
  EXPECT_EQ(refused({"--json=1"}), "--json takes no value");
  EXPECT_EQ(refused({"--server"}), "--server needs a value: --server=VALUE");
  EXPECT_EQ(refused({"--server", "--json"}), "--server needs a value: --server=VALUE");
  EXPECT_EQ(refused({"--server="}), "--server needs a value: --server=VALUE");
  EXPECT_EQ(refused({"--server", ""}), "--server needs a value: --server=VALUE");
  EXPECT_EQ(refused({"-x"}), "unknown option -x; options are long, see --help");
  EXPECT_EQ(refused({"a", "b"}), "unexpected argument 'b'");
  EXPECT_EQ(refused({""}), "an argument is empty");
  EXPECT_EQ(refused({"--by=week"}), "--by: 'week' is none of slot, day");
}

}  // namespace
}  // namespace meterbill
