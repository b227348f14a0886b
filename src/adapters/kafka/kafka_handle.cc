#include "adapters/kafka/kafka_handle.h"

#include <fmt/format.h>

#include <array>

namespace meterbill {

void KafkaDeleter::operator()(rd_kafka_t* handle) const { rd_kafka_destroy(handle); }

Result<KafkaPtr<rd_kafka_conf_t>> make_kafka_conf(const KafkaConfig& config,
                                                  const KafkaProperties& defaults,
                                                  const KafkaProperties& forced) {
  KafkaPtr<rd_kafka_conf_t> conf{rd_kafka_conf_new()};
  const auto set = [&](const std::string& name, const std::string& value) -> Result<void> {
    std::array<char, 512> reason{};
    if (rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), reason.data(), reason.size()) ==
        RD_KAFKA_CONF_OK)
      return ok();
    // The reason may quote the value, which may be a secret.
    return fail(Code::kConfig, fmt::format("kafka.{} is not accepted by librdkafka {}: unknown "
                                           "property or value out of range",
                                           name, rd_kafka_version_str()));
  };
  for (const auto& [name, value] : defaults) {
    MB_TRYV(set(name, value));
  }
  for (const auto& [name, value] : config.properties) {
    MB_TRYV(set(name, value));
  }
  for (const auto& [name, value] : forced) {
    MB_TRYV(set(name, value));
  }
  MB_TRYV(set("bootstrap.servers", config.brokers));
  return conf;
}

Result<KafkaPtr<rd_kafka_t>> make_kafka_handle(rd_kafka_type_t type,
                                               KafkaPtr<rd_kafka_conf_t> conf) {
  std::array<char, 512> reason{};
  rd_kafka_t* handle = rd_kafka_new(type, conf.get(), reason.data(), reason.size());
  if (handle == nullptr)
    return fail(Code::kConfig, fmt::format("Kafka client cannot be set up: {}", reason.data()));
  // On success librdkafka owns the configuration.
  static_cast<void>(conf.release());
  return KafkaPtr<rd_kafka_t>{handle};
}

KafkaProperties common_kafka_defaults() {
  return {{"socket.nagle.disable", "true"},
          {"log.connection.close", "false"},
          {"reconnect.backoff.ms", "100"},
          {"reconnect.backoff.max.ms", "5000"},
          {"client.id", "meterbill"}};
}

}  // namespace meterbill
