#include "adapters/kafka/kafka_sink.h"

#include <gmock/gmock.h>

#include <chrono>

#include "unit/kafka/failing_broker.h"

namespace meterbill {
namespace {

TEST(KafkaSinkTest, AFatalErrorMakesANewProducerAndTheMessageGoesOutTheNextTime) {
  FailingBroker broker;
  const auto sink = KafkaSink::create(broker.config()).value();
  ASSERT_EQ(sink->send(kOne)[0].fate, Fate::kDelivered);
  broker.end_producer();
  SendReport report;
  for (int i = 0; i < 3; ++i) {
    report = sink->send(kOne)[0];
    EXPECT_NE(report.fate, Fate::kRefused);
    if (report.fate == Fate::kLater) {
      EXPECT_NE(report.detail, "");
    }
  }
  EXPECT_EQ(report.fate, Fate::kDelivered) << report.detail;
}

TEST(KafkaSinkTest, ATransientErrorIsRetriedInside) {
  FailingBroker broker;
  const auto sink = KafkaSink::create(broker.config()).value();
  broker.fail_produce(RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION);
  EXPECT_EQ(sink->send(kOne)[0].fate, Fate::kDelivered);
}

TEST(KafkaSinkTest, AForbiddenTopicIsTriedLaterAndNamed) {
  FailingBroker broker;
  const auto sink = KafkaSink::create(broker.config()).value();
  broker.fail_produce(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
  const SendReport report = sink->send(kOne)[0];
  EXPECT_EQ(report.fate, Fate::kLater);
  EXPECT_THAT(report.detail, testing::HasSubstr("not allowed to write to topic resource_usage"));
}

TEST(KafkaSinkTest, ABatchThatIsTooLargeIsSentOneByOne) {
  FailingBroker broker;
  const auto sink = KafkaSink::create(broker.config()).value();
  broker.fail_produce(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
  const std::vector<OutgoingMessage> two{kOne[0], kOne[0]};
  for (const SendReport& report : sink->send(two))
    EXPECT_EQ(report.fate, Fate::kDelivered) << report.detail;
}

TEST(KafkaSinkTest, AMessageThatIsTooLargeAloneIsRefused) {
  FailingBroker broker;
  const auto sink = KafkaSink::create(broker.config()).value();
  broker.fail_produce(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
  EXPECT_EQ(sink->send(kOne)[0].fate, Fate::kRefused);
}

/// How long one message takes with a linger that no send may wait for.
std::chrono::steady_clock::duration time_to_send_with_a_long_linger(const FailingBroker& broker) {
  KafkaConfig config = broker.config();
  config.properties["linger.ms"] = "6000";
  const auto sink = KafkaSink::create(config).value();
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(sink->send(kOne)[0].fate, Fate::kDelivered);
  return std::chrono::steady_clock::now() - start;
}

TEST(KafkaSinkTest, NothingLingersOnceAllIsHandedOver) {
  const FailingBroker broker;
  EXPECT_LT(time_to_send_with_a_long_linger(broker), std::chrono::seconds(6));
}

TEST(KafkaSinkTest, NothingLingersForABrokerThatCameLaterThanTheFirstFlush) {
  FailingBroker broker;
  broker.slow_down(150);
  EXPECT_LT(time_to_send_with_a_long_linger(broker), std::chrono::seconds(6));
}

TEST(KafkaSinkTest, AWrongPropertyIsNamedAtOnce) {
  KafkaConfig config;
  config.brokers = "127.0.0.1:1";
  config.properties["no.such.property"] = "1";
  const auto sink = KafkaSink::create(config);
  ASSERT_FALSE(sink);
  EXPECT_EQ(sink.error().code, Code::kConfig);
}

}  // namespace
}  // namespace meterbill
