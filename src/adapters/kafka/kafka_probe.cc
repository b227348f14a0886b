#include "adapters/kafka/kafka_probe.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <chrono>
#include <limits>
#include <optional>

#include "adapters/kafka/kafka_certificate.h"
#include "adapters/kafka/kafka_handle.h"
#include "adapters/kafka/kafka_message.h"

namespace meterbill {
namespace {

/// Before it, librdkafka repeats its nonce in the second message of SCRAM; Kafka 4 refuses that as
/// wrong credentials.
constexpr int kScramSpeaksRight = 0x02060100;

bool says(const std::string& error, std::string_view words) {
  return error.find(words) != std::string::npos;
}

KafkaFault explain_tls(const std::string& error) {
  if (says(error, "PLAINTEXT") || says(error, "wrong version number") ||
      says(error, "unexpected eof") || says(error, "Disconnected") || says(error, "reset by peer"))
    return {3, "TLS",
            "this port speaks no TLS: name the broker's TLS port, or set "
            "kafka.security.protocol=plaintext (sasl_plaintext with a login) if the network is "
            "trusted"};
  if (says(error, "client authentication") || says(error, "certificate required") ||
      says(error, "bad certificate"))
    return {3, "TLS",
            "the broker wants a certificate of ours: set kafka.ssl.certificate.location and "
            "kafka.ssl.key.location"};
  return {3, "TLS", std::string(kNameTheAuthority)};
}

std::int64_t number_of(const KafkaSettings& settings, const std::string& name,
                       std::int64_t otherwise) {
  const auto found = settings.find(name);
  std::int64_t number = otherwise;
  if (found != settings.end())
    std::from_chars(found->second.data(), found->second.data() + found->second.size(), number);
  return number;
}

std::string text_of(const KafkaSettings& settings, const std::string& name) {
  const auto found = settings.find(name);
  return found == settings.end() ? "" : found->second;
}

void take_report(rd_kafka_t*, const rd_kafka_message_t* message, void*) {
  auto& produced = *static_cast<std::optional<KafkaProduced>*>(message->_private);
  produced.emplace();
  produced->partition = message->partition;
  produced->offset = message->offset;
  produced->is_forbidden = message->err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
                           message->err == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED;
  produced->is_unanswered = message->err == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT ||
                            message->err == RD_KAFKA_RESP_ERR__TIMED_OUT ||
                            message->err == RD_KAFKA_RESP_ERR__TRANSPORT ||
                            message->err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN;
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) produced->error = rd_kafka_err2str(message->err);
}

Result<KafkaSettings> settings_of(rd_kafka_event_t* event) {
  if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR)
    return fail(Code::kUnavailable, rd_kafka_event_error_string(event));
  std::size_t count = 0;
  const auto* result = rd_kafka_event_DescribeConfigs_result(event);
  const rd_kafka_ConfigResource_t** resources =
      rd_kafka_DescribeConfigs_result_resources(result, &count);
  if (count != 1) return fail(Code::kUnavailable, "the answer is empty");
  if (rd_kafka_ConfigResource_error(resources[0]) != RD_KAFKA_RESP_ERR_NO_ERROR)
    return fail(Code::kRefused, rd_kafka_ConfigResource_error_string(resources[0]));
  KafkaSettings settings;
  const rd_kafka_ConfigEntry_t** entries = rd_kafka_ConfigResource_configs(resources[0], &count);
  for (std::size_t i = 0; i < count; ++i) {
    const char* value = rd_kafka_ConfigEntry_value(entries[i]);
    settings[rd_kafka_ConfigEntry_name(entries[i])] = value == nullptr ? "" : value;
  }
  return settings;
}

}  // namespace

std::string plain_words(const std::string& error) {
  std::string words = error;
  const std::size_t suffix = words.find(" (after ");
  if (suffix != std::string::npos) words.erase(suffix);
  constexpr std::string_view kMark = "/bootstrap: ";
  const std::size_t prefix = words.find(kMark);
  if (prefix != std::string::npos) words.erase(0, prefix + kMark.size());
  return words;
}

KafkaFault explain_fault(const std::string& error, bool uses_tls, bool uses_login) {
  const bool is_tls = says(error, "SSL") || says(error, "ssl");
  if (uses_tls && is_tls && !says(error, "SASL")) return explain_tls(error);
  if (uses_login && says(error, "SCRAM") && says(error, "invalid credentials") &&
      rd_kafka_version() < kScramSpeaksRight)
    return {4, "login",
            fmt::format("correct kafka.sasl.username and kafka.sasl.password; but librdkafka {} "
                        "cannot log in to Kafka 4 by SCRAM (2.6.1 can): over TLS, "
                        "kafka.sasl.mechanism=PLAIN works",
                        rd_kafka_version_str())};
  if (uses_login && says(error, "mechanism") && !says(error, "invalid credentials"))
    return {4, "login",
            "set kafka.sasl.mechanism to one the broker offers: its sasl.enabled.mechanisms"};
  if (uses_login && (says(error, "SASL") || says(error, "uthentication")))
    return {4, "login",
            "correct kafka.sasl.username and kafka.sasl.password (or the keytab of "
            "kafka.sasl.kerberos.*)"};
  if (uses_login)
    return {4, "login",
            "is this the broker's port for logins, and kafka.security.protocol its protocol "
            "(sasl_plaintext or sasl_ssl)?"};
  if (uses_tls) return explain_tls(error);
  return {2, "connect",
          "the port is open, but does not answer as Kafka without TLS and login: does it want "
          "kafka.security.protocol=ssl, sasl_ssl or sasl_plaintext, or is it another service's? If "
          "it is Kafka's, do its advertised.listeners lead here?"};
}

Result<KafkaSettings> describe_settings(rd_kafka_t* client, rd_kafka_ResourceType_t type,
                                        const std::string& name, int timeout_ms) {
  const KafkaPtr<rd_kafka_queue_t> queue{rd_kafka_queue_new(client)};
  const KafkaPtr<rd_kafka_ConfigResource_t> resource{
      rd_kafka_ConfigResource_new(type, name.c_str())};
  std::array<rd_kafka_ConfigResource_t*, 1> resources{resource.get()};
  rd_kafka_DescribeConfigs(client, resources.data(), resources.size(), nullptr, queue.get());
  const KafkaPtr<rd_kafka_event_t> event{rd_kafka_queue_poll(queue.get(), timeout_ms)};
  if (!event) return fail(Code::kUnavailable, "no answer");
  return settings_of(event.get());
}

std::vector<KafkaTopicRisk> topic_risks(const KafkaSettings& settings,
                                        std::int64_t retention_ms_min) {
  std::vector<KafkaTopicRisk> risks;
  if (text_of(settings, "cleanup.policy").find("compact") != std::string::npos)
    risks.push_back({"cleanup.policy=compact: all but a machine's newest message would be removed",
                     "set cleanup.policy=delete on the topic"});
  const std::int64_t retention_ms =
      number_of(settings, "retention.ms", std::numeric_limits<std::int64_t>::max());
  if (text_of(settings, "message.timestamp.type") == "CreateTime" && retention_ms >= 0 &&
      retention_ms < retention_ms_min)
    risks.push_back(
        {fmt::format("records are kept for {} h after the time their sender gives: a wrong clock, "
                     "or a worker that is away longer, loses them",
                     retention_ms / 3'600'000),
         "set message.timestamp.type=LogAppendTime, and retention.ms to at least 7 days"});
  return risks;
}

KafkaProbe make_probe(const Instant& now) {
  KafkaProbe probe;
  const std::string time = to_string(now.utc);
  probe.message.key = "meterbill-probe";
  probe.message.headers = {{"ce_specversion", "1.0"},
                           {"ce_id", fmt::format("probe-{}-{}", now.utc.us, now.boot_us)},
                           {"ce_source", "urn:meterbill:check"},
                           {"ce_type", kProbeType},
                           {"ce_time", time},
                           {"ce_subject", "meterbill-probe"},
                           {"content-type", "application/json"}};
  probe.message.value = fmt::format(R"({{"probe":"{}"}})", time);
  return probe;
}

KafkaProduced produce_probe(const KafkaConfig& config, const KafkaProbe& probe, int timeout_ms,
                            const std::shared_ptr<KafkaSignals>& signals) {
  auto conf = make_producer_conf(config, timeout_ms - 2'000);
  if (!conf) return {conf.error().message, false, -1, -1};
  rd_kafka_conf_set_dr_msg_cb(conf.value().get(), &take_report);
  note_failures(conf.value().get(), *signals);
  auto handle = make_kafka_handle(RD_KAFKA_PRODUCER, std::move(conf).value());
  if (!handle) return {handle.error().message, false, -1, -1};
  const KafkaClient producer(std::move(handle).value(), signals);
  std::optional<KafkaProduced> produced;
  const rd_kafka_resp_err_t error = produce(producer.get(), config.topic, probe.message, &produced);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return {rd_kafka_err2str(error), false, -1, -1};
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  while (!produced && std::chrono::steady_clock::now() < until) rd_kafka_poll(producer.get(), 100);
  if (!produced) return {"no broker confirmed the message in time", false, -1, -1, true};
  return *produced;
}

KafkaLoss explain_loss(const KafkaProduced& produced, const std::string& connection_error) {
  if (!produced.is_unanswered || connection_error.empty())
    return {produced.error,
            "look into the broker's log: it took the connection, but not the message"};
  return {plain_words(connection_error),
          "the brokers send their clients on to their advertised.listeners: these names and ports "
          "must lead to them from here too; or this broker is down"};
}

}  // namespace meterbill
