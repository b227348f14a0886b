#include "cli/kafka_check.h"

#include <gmock/gmock.h>

#include <sstream>

namespace meterbill {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

struct Ran {
  int code = 0;
  std::string out;
  std::string err;
  std::optional<KafkaCheckTarget> target;
};

/// Runs the command with a check that tells of these steps.
Ran run(std::map<std::string, std::string> environment, const std::vector<std::string>& words,
        const std::vector<KafkaCheckStep>& steps = {}) {
  Ran ran;
  const KafkaCheck check = [&](const KafkaCheckTarget& target, const auto& told) {
    ran.target = target;
    bool is_ok = true;
    for (const KafkaCheckStep& step : steps) {
      told(step);
      is_ok = is_ok && step.result != KafkaCheckResult::kFailed;
    }
    return is_ok;
  };
  const ConfigContext context{.environment = std::move(environment),
                              .host_name = "machine-1",
                              .folder = "/nonexistent",
                              .check_property = {}};
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  ran.code = kafka_check_command(context, check).run(words, {in, out, err, false});
  ran.out = out.str();
  ran.err = err.str();
  return ran;
}

const std::map<std::string, std::string> kWorker{
    {"METERBILL_WORKER_KAFKA", "kafka://kafka-1:9093,[::1]:9094/usage"},
    {"METERBILL_WORKER_KAFKA_SASL_PASSWORD", "geheim"}};
const std::map<std::string, std::string> kAgent{
    {"METERBILL_AGENT_SINK", "kafka://kafka-2:9095/usage"}};

TEST(KafkaCheckCommandTest, TheWorkersKafkaIsCheckedWithItsProperties) {
  const Ran ran = run(kWorker, {});
  ASSERT_TRUE(ran.target);
  ASSERT_EQ(ran.target->brokers.size(), 2U);
  EXPECT_EQ(ran.target->brokers[0].host, "kafka-1");
  EXPECT_EQ(ran.target->brokers[0].port, 9093);
  EXPECT_EQ(ran.target->brokers[1].host, "::1");
  EXPECT_EQ(ran.target->topic, "usage");
  EXPECT_EQ(ran.target->properties.at("sasl.password"), "geheim");
  EXPECT_TRUE(ran.target->must_read);
  EXPECT_FALSE(ran.target->must_write);
  EXPECT_EQ(ran.code, 0);
}

TEST(KafkaCheckCommandTest, TheAgentsKafkaIsCheckedWhenItIsNamedOrTheOnlyOne) {
  auto both = kWorker;
  both.insert(kAgent.begin(), kAgent.end());
  for (const Ran& ran : {run(both, {"--agent"}), run(kAgent, {})}) {
    ASSERT_TRUE(ran.target);
    EXPECT_EQ(ran.target->brokers[0].host, "kafka-2");
    EXPECT_TRUE(ran.target->must_write);
    EXPECT_FALSE(ran.target->must_read);
  }
}

TEST(KafkaCheckCommandTest, NothingToCheckAndMistakesAreTold) {
  struct Row {
    std::map<std::string, std::string> environment;
    std::vector<std::string> words;
    int code;
    const char* message;
  };
  const std::vector<Row> rows{
      {{}, {}, 78, "neither worker.kafka nor agent.sink"},
      {kWorker, {"--agent"}, 78, "agent.sink is no Kafka"},
      {kAgent, {"--worker"}, 78, "worker.kafka is off"},
      {kWorker, {"--agent", "--worker"}, 64, "exclude each other"},
      {kWorker, {"--config", "x.conf"}, 64, "whose file"},
      {kWorker, {"--jsn"}, 64, "--json"},
  };
  for (const Row& row : rows) {
    const Ran ran = run(row.environment, row.words);
    EXPECT_EQ(ran.code, row.code) << row.message;
    EXPECT_THAT(ran.err, HasSubstr(row.message));
    EXPECT_FALSE(ran.target) << row.message;
  }
}

const std::vector<KafkaCheckStep> kSteps{
    {1, "resolve", "kafka-1", "192.0.2.5", KafkaCheckResult::kOk, "", std::nullopt},
    {2, "connect", "192.0.2.5:9092", "", KafkaCheckResult::kOk, "", 2'100},
    {3, "TLS", "kafka-1", "signed by an unknown authority", KafkaCheckResult::kFailed,
     "set kafka.ssl.ca.location", std::nullopt}};

TEST(KafkaCheckCommandTest, EachStepIsALineAndAFailureHasItsRemedy) {
  const Ran ran = run(kWorker, {}, kSteps);
  EXPECT_EQ(ran.code, 69);
  EXPECT_EQ(ran.out,
            " 1 resolve  kafka-1            192.0.2.5                           ok\n"
            " 2 connect  192.0.2.5:9092                                         ok       3 ms\n"
            " 3 TLS      kafka-1            signed by an unknown authority      FAIL\n"
            "   remedy   set kafka.ssl.ca.location\n");
  EXPECT_THAT(ran.err, IsEmpty());
  EXPECT_THAT(ran.out, Not(HasSubstr("geheim")));
}

KafkaCheckStep failed(int number, std::string name, std::string subject, std::string detail,
                      std::string remedy) {
  KafkaCheckStep step;
  step.number = number;
  step.name = std::move(name);
  step.subject = std::move(subject);
  step.detail = std::move(detail);
  step.result = KafkaCheckResult::kFailed;
  step.remedy = std::move(remedy);
  return step;
}

TEST(KafkaCheckCommandTest, WhatDoesNotFitIn80ColumnsIsBrokenAndAligned) {
  struct Row {
    KafkaCheckStep step;
    const char* text;
  };
  const std::vector<Row> rows{
      {{1, "resolve", "kafka-1.fleet.example", "192.0.2.5 192.0.2.6 2001:db8::5 2001:db8::6",
        KafkaCheckResult::kOk, "", std::nullopt},
       " 1 resolve  kafka-1.fleet.example                                  ok\n"
       "   found    192.0.2.5 192.0.2.6 2001:db8::5 2001:db8::6\n"},
      {{7, "consume", "partition 11 offset 123456789", "the same bytes", KafkaCheckResult::kOk, "",
        10'000'000},
       " 7 consume  partition 11 offset 123456789 the same bytes           ok   10000 ms\n"},
      {failed(2, "connect", "[2001:db8:85a3:8d3:1319:8a2e:370:7348]:9092", "Connection refused",
              "is Kafka running on 2001:db8:85a3:8d3:1319:8a2e:370:7348, is 9092 its port, and "
              "does no firewall stand between?"),
       " 2 connect  [2001:db8:85a3:8d3:1319:8a2e:370:7348]:9092            FAIL\n"
       "   found    Connection refused\n"
       "   remedy   is Kafka running on 2001:db8:85a3:8d3:1319:8a2e:370:7348, is 9092\n"
       "            its port, and does no firewall stand between?\n"},
      {failed(3, "TLS", "kafka-1.fleet.example:9093 kafka-2.fleet.example:9093 [::1]:9093",
              "the certificate is for kafka-1.example, 192.0.2.5, not for kafka-1.fleet.example",
              "name the broker as its certificate does"),
       " 3 TLS                                                             FAIL\n"
       "   found    kafka-1.fleet.example:9093 kafka-2.fleet.example:9093 [::1]:9093\n"
       "            the certificate is for kafka-1.example, 192.0.2.5, not for\n"
       "            kafka-1.fleet.example\n"
       "   remedy   name the broker as its certificate does\n"},
      {failed(5, "topic", "usage", "does not exist, and the brokers do not make topics",
              "kafka-topics.sh --bootstrap-server kafka-1:9092 --create --topic usage "
              "--partitions 3 --config message.timestamp.type=LogAppendTime"),
       " 5 topic    usage                                                  FAIL\n"
       "   found    does not exist, and the brokers do not make topics\n"
       "   remedy   kafka-topics.sh --bootstrap-server kafka-1:9092 --create --topic\n"
       "            usage --partitions 3 --config message.timestamp.type=LogAppendTime\n"},
      {failed(4, "login", "PLAIN", "a\x1b[31mb\nc", ""),
       " 4 login    PLAIN              a\\x1b[31mb\\x0ac                     FAIL\n"},
  };
  for (const Row& row : rows) {
    const std::string text = run(kWorker, {}, {row.step}).out;
    EXPECT_EQ(text, row.text);
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80U) << line;
  }
}

TEST(KafkaCheckCommandTest, JsonHoldsTheSame) {
  const Ran ran = run(kWorker, {"--json"}, kSteps);
  EXPECT_EQ(ran.code, 69);
  EXPECT_THAT(ran.out, HasSubstr(R"({"ok":false,"steps":[{"number":1,"name":"resolve")"));
  EXPECT_THAT(ran.out, HasSubstr(R"("result":"ok","remedy":"","took_us":2100})"));
  EXPECT_THAT(ran.out, HasSubstr(R"("result":"failed","remedy":"set kafka.ssl.ca.location")"));
}

}  // namespace
}  // namespace meterbill
