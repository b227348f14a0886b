#include "config/command_line.h"

#include <gtest/gtest.h>

namespace meterbill {
namespace {

Result<ProgramArguments> parse(const std::vector<std::string>& arguments) {
  return parse_command_line(agent_options(), arguments);
}

/// The message of a command line that must be refused as wrong use.
std::string refused(const std::vector<std::string>& arguments) {
  const auto result = parse(arguments);
  if (result) return "(accepted)";
  EXPECT_EQ(result.error().code, Code::kUsage);
  return result.error().message;
}

TEST(CommandLineTest, TakesEachKeyAsALongOption) {
  const auto got = parse({"--config", "/x.conf", "--agent.interval=1s", "--http.listen", "off",
                          "--kafka.client.id=a=b", "--agent.machine_id=a#b c"});
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got.value().config_file, "/x.conf");
  ASSERT_EQ(got.value().settings.size(), 4U);
  EXPECT_EQ(got.value().settings[0].key, "agent.interval");
  EXPECT_EQ(got.value().settings[0].text, "1s");
  EXPECT_EQ(to_text(got.value().settings[0].origin), "command line");
  EXPECT_EQ(got.value().settings[2].text, "a=b");
  EXPECT_EQ(got.value().settings[3].text, "a#b c");
}

TEST(CommandLineTest, HelpAndVersionAreSwitches) {
  EXPECT_TRUE(parse({"--help"}).value().help);
  EXPECT_TRUE(parse({"--version"}).value().version);
  EXPECT_FALSE(parse({}).value().help);
  EXPECT_NE(refused({"--help=1"}).find("--help"), std::string::npos);
}

TEST(CommandLineTest, NothingIsGuessedFromABeginning) {
  EXPECT_EQ(refused({"--agent.inter=1s"}),
            "unknown option --agent.inter; did you mean --agent.interval?");
  EXPECT_EQ(refused({"--confi", "x"}), "unknown option --confi; did you mean --config?");
}

TEST(CommandLineTest, EveryProblemIsNamed) {
  EXPECT_EQ(refused({"--agent.intervall=1s", "--zzzzzzzz", "5", "--http.listen=off",
                     "--http.listen=off", "word"}),
            "unknown option --agent.intervall; did you mean --agent.interval?\n"
            "unknown option --zzzzzzzz; see --help\n"
            "--http.listen is given twice\n"
            "unexpected argument 'word'");
}

TEST(CommandLineTest, AMissingValueIsNotTakenFromTheNextOption) {
  EXPECT_NE(refused({"--agent.interval", "--help"}).find("--agent.interval needs a value"),
            std::string::npos);
  EXPECT_NE(refused({"--agent.interval"}).find("--agent.interval"), std::string::npos);
}

TEST(CommandLineTest, ASecretIsRefusedWithItsRemedyAndWithoutItself) {
  const std::string message = refused({"--kafka.sasl.password=hunter2"});
  EXPECT_EQ(message.find("hunter2"), std::string::npos) << message;
  EXPECT_NE(message.find("--kafka.sasl.password.file=PATH"), std::string::npos) << message;
  EXPECT_TRUE(parse({"--kafka.sasl.password.file=/x"}));
  EXPECT_TRUE(parse({"--kafka.sasl.password=credential:kafka"}));
}

}  // namespace
}  // namespace meterbill
