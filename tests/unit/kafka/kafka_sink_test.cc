#include "adapters/kafka/kafka_sink.h"

#include <gmock/gmock.h>
#include <librdkafka/rdkafka_mock.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <chrono>

namespace meterbill {
namespace {

constexpr std::int16_t kProduceKey = 0;

/// librdkafka's own broker in memory: real brokers do not fail on command.
class FailingBroker {
 public:
  FailingBroker() {
    std::array<char, 512> reason{};
    client_ = rd_kafka_new(RD_KAFKA_PRODUCER, nullptr, reason.data(), reason.size());
    cluster_ = rd_kafka_mock_cluster_new(client_, 1);
    rd_kafka_mock_topic_create(cluster_, "resource_usage", 1, 1);
  }
  ~FailingBroker() {
    rd_kafka_mock_cluster_destroy(cluster_);
    rd_kafka_destroy(client_);
  }
  FailingBroker(const FailingBroker&) = delete;
  FailingBroker& operator=(const FailingBroker&) = delete;

  KafkaConfig config() const {
    KafkaConfig config;
    config.brokers = rd_kafka_mock_cluster_bootstraps(cluster_);
    return config;
  }
  void fail_produce(rd_kafka_resp_err_t error) {
    rd_kafka_mock_push_request_errors(cluster_, kProduceKey, 1, error);
  }
  /// Each answer takes this long.
  void slow_down(int milliseconds) { rd_kafka_mock_broker_set_rtt(cluster_, 1, milliseconds); }
  /// Answers that end an idempotent producer for good (hazard H14).
  void end_producer() {
    fail_produce(RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH);
    fail_produce(RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
  }

 private:
  rd_kafka_t* client_ = nullptr;
  rd_kafka_mock_cluster_t* cluster_ = nullptr;
};

const std::vector<OutgoingMessage> kOne{{"machine-1", {{"ce_type", "x"}}, "value"}};

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

/// While it lives, this process can have no further thread: as on a host that has no more to give.
class NoMoreThreads {
 public:
  NoMoreThreads() {
    EXPECT_EQ(getrlimit(RLIMIT_NPROC, &before_), 0);
    const rlimit none{.rlim_cur = 1, .rlim_max = before_.rlim_max};
    EXPECT_EQ(setrlimit(RLIMIT_NPROC, &none), 0);
    // The kernel lets root have all the threads it wants.
    if (is_root_) {
      EXPECT_EQ(change_user(kNobody), 0);
    }
  }
  ~NoMoreThreads() {
    if (is_root_) {
      EXPECT_EQ(change_user(0), 0);
    }
    EXPECT_EQ(setrlimit(RLIMIT_NPROC, &before_), 0);
  }
  NoMoreThreads(const NoMoreThreads&) = delete;
  NoMoreThreads& operator=(const NoMoreThreads&) = delete;

 private:
  static constexpr uid_t kNobody = 65'534;
  /// Of this thread alone: libc's setresuid interrupts all of them, and the broker's would end.
  static long change_user(uid_t user) { return syscall(SYS_setresuid, user, user, 0); }

  const bool is_root_ = getuid() == 0;
  rlimit before_{};
};

TEST(KafkaSinkTest, AProducerThatEndedIsGoneAlsoWhenNoNewOneCanBeMadeYet) {
  FailingBroker broker;
  const auto sink = KafkaSink::create(broker.config()).value();
  ASSERT_EQ(sink->send(kOne)[0].fate, Fate::kDelivered);
  broker.end_producer();
  SendReport report;
  {
    const NoMoreThreads limit;
    for (int i = 0; i < 3; ++i) report = sink->send(kOne)[0];
    EXPECT_EQ(report.fate, Fate::kLater);
    EXPECT_THAT(report.detail, testing::HasSubstr("Kafka client cannot be set up"));
  }
  report = sink->send(kOne)[0];
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
