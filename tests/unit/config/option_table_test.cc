#include "config/option_table.h"

#include <gtest/gtest.h>

#include <set>

#include "base/log.h"
#include "config/kafka_properties.h"

namespace meterbill {
namespace {

class OptionTableTest : public testing::TestWithParam<const OptionTable*> {};

TEST_P(OptionTableTest, EveryDefaultIsReadByItsOwnRule) {
  for (const Option& option : GetParam()->options) {
    const auto value = parse_value(option, option.standard);
    EXPECT_TRUE(value) << option.name << ": " << (value ? "" : value.error().message);
    EXPECT_EQ(option.standard.empty(), !option.standard_as.empty())
        << option.name << ": an empty default needs a word for what it stands for, others none";
  }
}

TEST_P(OptionTableTest, EveryRangeIsReadByItsOwnRule) {
  for (const Option& option : GetParam()->options) {
    EXPECT_EQ(option.minimum.empty(), option.maximum.empty()) << option.name;
    const bool is_number = option.type == OptionType::kDuration ||
                           option.type == OptionType::kSize || option.type == OptionType::kCount;
    EXPECT_EQ(is_number, !option.minimum.empty()) << option.name << ": numbers have a range";
    if (option.minimum.empty()) continue;
    EXPECT_TRUE(parse_value(option, option.minimum)) << option.name;
    EXPECT_TRUE(parse_value(option, option.maximum)) << option.name;
  }
}

TEST_P(OptionTableTest, NamesAreUniqueSectionAndKey) {
  std::set<std::string_view> names;
  std::set<std::string> variables;
  for (const Option& option : GetParam()->options) {
    EXPECT_TRUE(names.insert(option.name).second) << option.name;
    EXPECT_TRUE(variables.insert(GetParam()->environment_name(option.name)).second) << option.name;
    EXPECT_EQ(option.name.find('.'), option.name.rfind('.')) << option.name;
    EXPECT_FALSE(option.name.starts_with(kKafkaPrefix)) << option.name;
    EXPECT_TRUE(option.help.ends_with('.')) << option.name;
  }
}

TEST_P(OptionTableTest, EveryKeyIsFoundByItsVariable) {
  for (const Option& option : GetParam()->options)
    EXPECT_EQ(GetParam()->key_of_variable(GetParam()->environment_name(option.name)), option.name);
}

TEST_P(OptionTableTest, LogLevelsAreThoseOfTheLog) {
  std::string words;
  for (const std::string_view name : kLogLevelNames)
    words += (words.empty() ? "" : "|") + std::string(name);
  EXPECT_EQ(GetParam()->find("log.level")->choices, words);
}

INSTANTIATE_TEST_SUITE_P(Programs, OptionTableTest,
                         testing::Values(&agent_options(), &worker_options()),
                         [](const auto& row) { return std::string(row.param->short_name); });

TEST(OptionTablesTest, HaveTheKeysThatScriptsRelyOn) {
  for (const char* name : {"agent.machine_id", "agent.interval", "agent.sink", "agent.state_dir",
                           "agent.control", "http.listen"})
    EXPECT_NE(agent_options().find(name), nullptr) << name;
  for (const char* name : {"worker.state_dir", "worker.kafka", "worker.prices", "worker.accounts",
                           "worker.control", "http.insecure", "http.listen", "http.allowed_hosts"})
    EXPECT_NE(worker_options().find(name), nullptr) << name;
  EXPECT_EQ(agent_options().find("http.listen")->standard, "127.0.0.1:5002");
  EXPECT_EQ(worker_options().find("http.listen")->standard, "127.0.0.1:5001");
  EXPECT_EQ(agent_options().find("nothing"), nullptr);
}

TEST(OptionTablesTest, VariablesAreNamedAfterKeys) {
  const OptionTable& agent = agent_options();
  EXPECT_EQ(agent.environment_name("agent.interval"), "METERBILL_AGENT_INTERVAL");
  EXPECT_EQ(agent.environment_name("http.listen"), "METERBILL_AGENT_HTTP_LISTEN");
  EXPECT_EQ(agent.key_of_variable("METERBILL_AGENT_AGENT_INTERVAL"), "agent.interval");
  EXPECT_EQ(agent.key_of_variable("METERBILL_AGENT_NOTHING"), "");
  EXPECT_EQ(agent.key_of_variable("METERBILL_AGENT_SPOOL_MAX_BYTES"), "agent.spool_max_bytes");
  EXPECT_EQ(worker_options().key_of_variable("METERBILL_WORKER_KAFKA"), "worker.kafka");
  EXPECT_EQ(worker_options().key_of_variable("METERBILL_WORKER_KAFKA_BOOTSTRAP_SERVERS"),
            "kafka.bootstrap.servers");
}

}  // namespace
}  // namespace meterbill
