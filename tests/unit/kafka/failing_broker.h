#pragma once

#include <librdkafka/rdkafka.h>
// Not before the one above.
#include <librdkafka/rdkafka_mock.h>

#include <array>
#include <cstdint>
#include <vector>

#include "adapters/kafka/kafka_sink.h"

namespace meterbill {

inline constexpr std::int16_t kProduceKey = 0;

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

inline const std::vector<OutgoingMessage> kOne{{"machine-1", {{"ce_type", "x"}}, "value"}};

}  // namespace meterbill
