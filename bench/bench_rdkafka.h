// Ends of librdkafka's C handles, for the peers that use it plainly.
#pragma once

#include <librdkafka/rdkafka.h>

#include <memory>

namespace meterbill::bench {

struct DestroyHandle {
  void operator()(rd_kafka_t* kafka) const { rd_kafka_destroy(kafka); }
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
  void operator()(rd_kafka_topic_t* topic) const { rd_kafka_topic_destroy(topic); }
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
  void operator()(const rd_kafka_metadata_t* metadata) const {
    rd_kafka_metadata_destroy(metadata);
  }
};

template <class Handle>
using Owned = std::unique_ptr<Handle, DestroyHandle>;

}  // namespace meterbill::bench
