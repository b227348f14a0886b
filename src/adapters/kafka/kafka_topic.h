#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "adapters/kafka/kafka_handle.h"
#include "adapters/kafka/kafka_signals.h"
#include "wire/message.h"

namespace meterbill {

/// What the cluster says of a topic.
struct KafkaTopicFacts {
  struct Partition {
    std::int32_t id = 0;
    std::string trouble;  ///< why it cannot be read now: no leader; empty: it can
  };
  std::string cluster_id;
  bool exists = false;
  std::string trouble;  ///< why nothing is known of it, though it may exist: no right to
  std::vector<Partition> partitions;
  std::int32_t broker_id = -1;  ///< one that can be asked for its settings; -1 none
};

/// The log of a partition is [low, high); of records that can be read.
struct KafkaBounds {
  std::int64_t low = 0;
  std::int64_t high = 0;
};

struct KafkaRecord {
  std::int64_t offset = 0;
  Delivery delivery;
};

/// Asks a cluster about one topic, and waits for the answer: on a client of its own, which never
/// reads on. One thread, except `bounds`: any.
class KafkaTopic {
 public:
  [[nodiscard]] static Result<std::unique_ptr<KafkaTopic>> create(
      const KafkaConfig& config, std::shared_ptr<KafkaSignals> signals);

  /// kUnavailable: no broker answers within the time, with the last failure of a connection.
  [[nodiscard]] Result<KafkaTopicFacts> facts(int timeout_ms);
  [[nodiscard]] Result<KafkaBounds> bounds(std::int32_t partition, int timeout_ms) const;
  /// The first record at or after an offset. kUnavailable: none came within the time.
  [[nodiscard]] Result<KafkaRecord> read_at(std::int32_t partition, std::int64_t offset,
                                            int timeout_ms);
  /// For calls that this class does not have.
  [[nodiscard]] rd_kafka_t* client() const { return client_.get(); }

 private:
  explicit KafkaTopic(std::string name) : name_(std::move(name)) {}
  [[nodiscard]] Error unavailable(rd_kafka_resp_err_t code) const;

  std::string name_;
  std::shared_ptr<KafkaSignals> signals_;
  KafkaClient client_;
  KafkaPtr<rd_kafka_topic_t> topic_;  // last: a topic goes before its client
};

}  // namespace meterbill
