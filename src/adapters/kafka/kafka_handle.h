#pragma once

#include <librdkafka/rdkafka.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "adapters/kafka/kafka_config.h"
#include "base/result.h"

namespace meterbill {

/// Frees librdkafka's objects. The C API behind one file: the C++ wrapper of librdkafka throws away
/// error detail and adds a second library.
struct KafkaDeleter {
  void operator()(rd_kafka_t* handle) const;
  void operator()(rd_kafka_conf_t* conf) const { rd_kafka_conf_destroy(conf); }
  void operator()(rd_kafka_topic_t* topic) const { rd_kafka_topic_destroy(topic); }
  void operator()(rd_kafka_topic_partition_list_t* list) const {
    rd_kafka_topic_partition_list_destroy(list);
  }
  void operator()(rd_kafka_error_t* error) const { rd_kafka_error_destroy(error); }
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
  void operator()(const rd_kafka_metadata_t* metadata) const {
    rd_kafka_metadata_destroy(metadata);
  }
};

template <class T>
using KafkaPtr = std::unique_ptr<T, KafkaDeleter>;

using KafkaProperties = std::vector<std::pair<std::string, std::string>>;

/// A configuration from our forced properties and the operator's. kConfig names the property
/// librdkafka refuses. Forced ones win: they are those whose other values lose money
/// (docs/decisions/0002).
[[nodiscard]] Result<KafkaPtr<rd_kafka_conf_t>> make_kafka_conf(const KafkaConfig& config,
                                                                const KafkaProperties& defaults,
                                                                const KafkaProperties& forced);

/// A producer or consumer; takes the configuration over.
[[nodiscard]] Result<KafkaPtr<rd_kafka_t>> make_kafka_handle(rd_kafka_type_t type,
                                                             KafkaPtr<rd_kafka_conf_t> conf);

/// Properties that both sides set unless the operator chose otherwise: Nagle off (on by default
/// before 2.10), quiet closes.
[[nodiscard]] KafkaProperties common_kafka_defaults();

}  // namespace meterbill
