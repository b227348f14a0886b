#include "adapters/kafka/kafka_handle.h"

#include <gmock/gmock.h>

#include <array>

namespace meterbill {
namespace {

using testing::HasSubstr;
using testing::Not;

KafkaConfig config_with(std::map<std::string, std::string> properties) {
  KafkaConfig config;
  config.brokers = "127.0.0.1:9092";
  config.properties = std::move(properties);
  return config;
}

std::string value_of(const rd_kafka_conf_t* conf, const char* name) {
  std::array<char, 512> value{};
  std::size_t size = value.size();
  EXPECT_EQ(rd_kafka_conf_get(conf, name, value.data(), &size), RD_KAFKA_CONF_OK) << name;
  return value.data();
}

TEST(KafkaConfTest, ForcedPropertiesWinOverTheOperatorsAndThoseOverOurDefaults) {
  const auto conf = make_kafka_conf(
      config_with(
          {{"auto.offset.reset", "latest"}, {"client.id", "mine"}, {"check.crcs", "false"}}),
      common_kafka_defaults(), forced_consumer_properties());
  ASSERT_TRUE(conf);
  EXPECT_EQ(value_of(conf.value().get(), "client.id"), "mine");
  EXPECT_EQ(value_of(conf.value().get(), "socket.nagle.disable"), "true");
  EXPECT_EQ(value_of(conf.value().get(), "bootstrap.servers"), "127.0.0.1:9092");
  const std::array<std::pair<const char*, const char*>, 5> forced{
      {{"auto.offset.reset", "error"},
       {"check.crcs", "true"},
       {"enable.auto.commit", "false"},
       {"enable.auto.offset.store", "false"},
       {"isolation.level", "read_committed"}}};
  for (const auto& [name, value] : forced) EXPECT_EQ(value_of(conf.value().get(), name), value);
}

TEST(KafkaConfTest, AProducerCannotBeMadeToLoseOrReorder) {
  const auto conf = make_producer_conf(config_with({{"acks", "0"},
                                                    {"enable.idempotence", "false"},
                                                    {"partitioner", "random"},
                                                    {"message.timeout.ms", "1"},
                                                    {"delivery.report.only.error", "true"}}),
                                       7'500);
  ASSERT_TRUE(conf);
  EXPECT_EQ(value_of(conf.value().get(), "request.required.acks"), "-1");
  EXPECT_EQ(value_of(conf.value().get(), "enable.idempotence"), "true");
  EXPECT_EQ(value_of(conf.value().get(), "partitioner"), "murmur2_random");
  EXPECT_EQ(value_of(conf.value().get(), "message.timeout.ms"), "7500");
  EXPECT_EQ(value_of(conf.value().get(), "delivery.report.only.error"), "false");
}

TEST(KafkaConfTest, TheCredentialsOfAClientAreThoseOfItsConfiguration) {
  const auto of = [](std::map<std::string, std::string> properties) {
    const auto conf = make_kafka_conf(config_with(std::move(properties)), {}, {});
    EXPECT_TRUE(conf) << (conf ? "" : conf.error().message);
    return credentials_of(*conf.value());
  };
  const std::string long_password(2'000, 'p');
  EXPECT_EQ(of({}), KafkaCredentials{});
  EXPECT_EQ(of({{"security.protocol", "SSL"}}), KafkaCredentials{});
  EXPECT_EQ(of({{"security.protocol", "SASL_SSL"},
                {"sasl.mechanism", "SCRAM-SHA-256"},
                {"sasl.username", "billing"},
                {"sasl.password", long_password}}),
            (KafkaCredentials{"billing", long_password}));
  EXPECT_EQ(of({{"security.protocol", "SASL_PLAINTEXT"}, {"sasl.mechanism", "OAUTHBEARER"}}),
            std::nullopt);
}

TEST(KafkaConfTest, AnUnknownPropertyIsNamedWithoutItsValue) {
  const auto conf = make_kafka_conf(config_with({{"sasl.pasword", "geheim"}}), {}, {});
  ASSERT_FALSE(conf);
  EXPECT_EQ(conf.error().code, Code::kConfig);
  EXPECT_THAT(conf.error().message, HasSubstr("kafka.sasl.pasword"));
  EXPECT_THAT(conf.error().message, HasSubstr("no such property"));
  EXPECT_THAT(conf.error().message, Not(HasSubstr("geheim")));
}

TEST(KafkaConfTest, AnUnknownPropertyHasTheNearestOneOfLibrdkafkas) {
  // Who asks knows the key and says it: here it would stand twice.
  for (const auto& [wrong, meant] : {std::pair{"sasl.pasword", "sasl.password"},
                                    std::pair{"securty.protocol", "security.protocol"},
                                    std::pair{"ssl.ca.locaton", "ssl.ca.location"}}) {
    const Result<void> checked = check_kafka_property(wrong, "x");
    ASSERT_FALSE(checked);
    EXPECT_TRUE(checked.error().message.ends_with(std::string(" has no such property; did you "
                                                              "mean kafka.") +
                                                  meant + "?"))
        << checked.error().message;
    EXPECT_THAT(checked.error().message, Not(HasSubstr(wrong)));
  }
  EXPECT_THAT(check_kafka_property("zzzzzzzz", "x").error().message,
              testing::EndsWith("no such property"));
  // What may not be set is not proposed: the next error would refuse it.
  EXPECT_THAT(check_kafka_property("group.idd", "x").error().message, Not(HasSubstr("group.id?")));
}

TEST(KafkaConfTest, AValueThatIsNotTakenIsNotRepeated) {
  const Result<void> checked = check_kafka_property("security.protocol", "geheim");
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, Code::kConfig);
  EXPECT_THAT(checked.error().message, HasSubstr("does not take this value"));
  EXPECT_THAT(checked.error().message, Not(HasSubstr("geheim")));
  EXPECT_TRUE(check_kafka_property("security.protocol", "sasl_ssl"));
}

}  // namespace
}  // namespace meterbill
