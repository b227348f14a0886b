#include "adapters/kafka/kafka_handle.h"

#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <future>
#include <memory>
#include <system_error>
#include <thread>

#include "config/kafka_properties.h"
#include "config/nearest.h"

namespace meterbill {
namespace {

/// How long an owner waits for the end of its client.
constexpr std::chrono::milliseconds kEnd{500};

/// librdkafka would print its log on standard error; what matters comes by error callbacks.
void stay_silent(const rd_kafka_t*, int, const char*, const char*) {}

/// All names that librdkafka knows: the first column of its table, which it prints to a file only.
std::vector<std::string> property_names() {
  std::vector<std::string> names;
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file{std::tmpfile(), &std::fclose};
  if (!file) return names;  // the hint is left out
  rd_kafka_conf_properties_show(file.get());
  std::rewind(file.get());
  std::array<char, 4096> line{};
  while (std::fgets(line.data(), line.size(), file.get()) != nullptr) {
    const std::string_view text{line.data()};
    std::string name{text.substr(0, text.find_first_of(" |\n"))};
    if (is_kafka_property(name) && kafka_denial(name).empty()) names.push_back(std::move(name));
  }
  return names;
}

std::string hint(const std::string& unknown) {
  const std::string meant = nearest(unknown, property_names());
  return meant.empty() ? "" : fmt::format("; did you mean kafka.{}?", meant);
}

Result<void> set_property(rd_kafka_conf_t* conf, const std::string& name,
                          const std::string& value) {
  std::array<char, 512> reason{};
  switch (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), reason.data(), reason.size())) {
    case RD_KAFKA_CONF_OK:
      return ok();
    case RD_KAFKA_CONF_UNKNOWN:
      return fail(Code::kConfig, fmt::format("librdkafka {} has no such property{}",
                                             rd_kafka_version_str(), hint(name)));
    case RD_KAFKA_CONF_INVALID:
      break;
  }
  // librdkafka's own reason may quote the value, which may be a secret.
  return fail(Code::kConfig,
              fmt::format("librdkafka {} does not take this value; see its configuration reference "
                          "for what it takes",
                          rd_kafka_version_str()));
}

Result<void> set_properties(rd_kafka_conf_t* conf, const KafkaProperties& properties) {
  for (const auto& [name, value] : properties) {
    MB_TRYV(in("kafka." + name, set_property(conf, name, value)));
  }
  return ok();
}

}  // namespace

void KafkaDeleter::operator()(rd_kafka_t* handle) const {
  // Nothing of ours is in a group: there is nothing to leave, and leaving can hang.
  rd_kafka_destroy_flags(handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

KafkaClient& KafkaClient::operator=(KafkaClient&& other) noexcept {
  if (this == &other) return *this;
  end();
  handle_ = std::move(other.handle_);
  called_ = std::move(other.called_);
  return *this;
}

void KafkaClient::end() {
  if (!handle_) return;
  std::promise<void> ended;
  const std::future<void> is_ended = ended.get_future();
  try {
    std::thread([handle = std::move(handle_), called = std::move(called_),
                 ended = std::move(ended)]() mutable {
      handle.reset();
      called.reset();
      ended.set_value_at_thread_exit();
    }).detach();
  } catch (const std::system_error&) {
    // No thread to be had: it has ended here.
    return;
  }
  static_cast<void>(is_ended.wait_for(kEnd));
}

std::string value_of(const rd_kafka_conf_t& conf, const char* property) {
  std::size_t size = 0;
  if (rd_kafka_conf_get(&conf, property, nullptr, &size) != RD_KAFKA_CONF_OK) return "";
  std::string value(size, '\0');
  if (rd_kafka_conf_get(&conf, property, value.data(), &size) != RD_KAFKA_CONF_OK) return "";
  return value.c_str();
}

std::optional<KafkaCredentials> credentials_of(const rd_kafka_conf_t& conf) {
  if (!value_of(conf, "security.protocol").starts_with("sasl")) return KafkaCredentials{};
  KafkaCredentials credentials{value_of(conf, "sasl.username"), value_of(conf, "sasl.password")};
  if (credentials.username.empty()) return std::nullopt;
  return credentials;
}

Result<KafkaPtr<rd_kafka_conf_t>> make_kafka_conf(const KafkaConfig& config,
                                                  const KafkaProperties& defaults,
                                                  const KafkaProperties& forced) {
  KafkaPtr<rd_kafka_conf_t> conf{rd_kafka_conf_new()};
  MB_TRYV(set_properties(conf.get(), defaults));
  for (const auto& [name, value] : config.properties) {
    MB_TRYV(in("kafka." + name, set_property(conf.get(), name, value)));
  }
  MB_TRYV(set_properties(conf.get(), forced));
  MB_TRYV(set_properties(conf.get(), {{"bootstrap.servers", config.brokers}}));
  rd_kafka_conf_set_log_cb(conf.get(), &stay_silent);
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

Result<void> check_kafka_property(const std::string& property, const std::string& value) {
  const KafkaPtr<rd_kafka_conf_t> conf{rd_kafka_conf_new()};
  return set_property(conf.get(), property, value);
}

KafkaProperties common_kafka_defaults() {
  return {{"socket.nagle.disable", "true"},
          {"log.connection.close", "false"},
          {"reconnect.backoff.ms", "100"},
          {"reconnect.backoff.max.ms", "5000"},
          {"client.id", "meterbill"}};
}

KafkaProperties forced_consumer_properties() {
  return {{"group.id", "meterbill-worker"},      {"enable.auto.commit", "false"},
          {"enable.auto.offset.store", "false"}, {"auto.offset.reset", "error"},
          {"isolation.level", "read_committed"}, {"check.crcs", "true"},
          {"enable.partition.eof", "false"},     {"allow.auto.create.topics", "false"}};
}

Result<KafkaPtr<rd_kafka_conf_t>> make_producer_conf(const KafkaConfig& config,
                                                     int message_timeout_ms) {
  KafkaProperties defaults = common_kafka_defaults();
  defaults.insert(defaults.end(), {{"linger.ms", "5"},
                                   {"compression.type", "zstd"},
                                   {"queue.buffering.max.kbytes", "16384"},
                                   {"topic.metadata.propagation.max.ms", "5000"}});
  const KafkaProperties forced{{"enable.idempotence", "true"},
                               {"acks", "all"},
                               {"message.timeout.ms", fmt::format("{}", message_timeout_ms)},
                               {"delivery.report.only.error", "false"},
                               {"partitioner", "murmur2_random"}};
  return make_kafka_conf(config, defaults, forced);
}

}  // namespace meterbill
