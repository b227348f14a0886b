#pragma once

#include <librdkafka/rdkafka.h>

#include <chrono>
#include <map>
#include <memory>
#include <optional>
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
  void operator()(rd_kafka_event_t* event) const { rd_kafka_event_destroy(event); }
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
  void operator()(rd_kafka_ConfigResource_t* resource) const {
    rd_kafka_ConfigResource_destroy(resource);
  }
  void operator()(const rd_kafka_metadata_t* metadata) const {
    rd_kafka_metadata_destroy(metadata);
  }
};

template <class T>
using KafkaPtr = std::unique_ptr<T, KafkaDeleter>;

using KafkaProperties = std::vector<std::pair<std::string, std::string>>;

/// A producer or consumer whose end is bounded. librdkafka 2.0 can hang for seconds in its end
/// (a name is being resolved) or for ever (a partition that was read was deleted); such a client is
/// left to a thread of its own. `called` is what its callbacks point to and is kept until it has
/// ended.
class KafkaClient {
 public:
  KafkaClient() = default;
  KafkaClient(KafkaPtr<rd_kafka_t> handle, std::shared_ptr<void> called)
      : handle_(std::move(handle)), called_(std::move(called)) {}
  KafkaClient(KafkaClient&&) = default;
  KafkaClient& operator=(KafkaClient&& other) noexcept;
  ~KafkaClient() { end(); }

  [[nodiscard]] rd_kafka_t* get() const { return handle_.get(); }

 private:
  void end();

  KafkaPtr<rd_kafka_t> handle_;
  std::shared_ptr<void> called_;
};

/// A property as it is in force; empty when it has no value. May be a secret.
[[nodiscard]] std::string value_of(const rd_kafka_conf_t& conf, const char* property);

/// A name and its password for SASL. Secret: never logged.
struct KafkaCredentials {
  std::string username;
  std::string password;
  friend bool operator==(const KafkaCredentials&, const KafkaCredentials&) = default;
};

/// What a client of this configuration goes by: both empty without SASL; absent with a mechanism
/// that knows no name and password.
[[nodiscard]] std::optional<KafkaCredentials> credentials_of(const rd_kafka_conf_t& conf);

/// A configuration from our forced properties and the operator's. kConfig names the property
/// librdkafka refuses, never its value. Forced ones win: they are those whose other values lose
/// money (docs/decisions/0002). Nothing is written to standard error.
[[nodiscard]] Result<KafkaPtr<rd_kafka_conf_t>> make_kafka_conf(const KafkaConfig& config,
                                                                const KafkaProperties& defaults,
                                                                const KafkaProperties& forced);

/// A producer or consumer; takes the configuration over.
[[nodiscard]] Result<KafkaPtr<rd_kafka_t>> make_kafka_handle(rd_kafka_type_t type,
                                                             KafkaPtr<rd_kafka_conf_t> conf);

/// Says whether librdkafka knows a property and takes the value; never repeats the value.
[[nodiscard]] Result<void> check_kafka_property(const std::string& property,
                                                const std::string& value);

/// Properties that both sides set unless the operator chose otherwise: Nagle off (on by default
/// before 2.10), quiet closes.
[[nodiscard]] KafkaProperties common_kafka_defaults();

/// What every consumer of ours has, whatever the operator says.
[[nodiscard]] KafkaProperties forced_consumer_properties();

/// A producer's configuration, as the sink has it. `message_timeout_ms`: a message that is not
/// persisted by then is reported as not delivered.
[[nodiscard]] Result<KafkaPtr<rd_kafka_conf_t>> make_producer_conf(const KafkaConfig& config,
                                                                   int message_timeout_ms);

}  // namespace meterbill
