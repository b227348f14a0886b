#include "adapters/kafka/kafka_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "adapters/kafka/kafka_probe.h"
#include "adapters/kafka/kafka_topic.h"
#include "adapters/kafka/tcp_reach.h"
#include "base/clock.h"

namespace meterbill {
namespace {

constexpr int kStepMs = 10'000;
constexpr int kConnectMs = 5'000;
constexpr int kSliceMs = 1'000;
constexpr std::int64_t kRetentionMsMin = std::int64_t{7} * 24 * 3'600 * 1'000;

std::string property_of(const KafkaCheckTarget& target, const std::string& name) {
  const auto found = target.properties.find(name);
  if (found == target.properties.end()) return "";
  std::string value = found->second;
  std::ranges::transform(value, value.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return value;
}

bool says_certificate(const std::string& error) {
  return error.find("certificate verify failed") != std::string::npos;
}

KafkaConfig config_of(const KafkaCheckTarget& target) {
  KafkaConfig config;
  for (const auto& broker : target.brokers)
    config.brokers += fmt::format(
        "{}{}:{}", config.brokers.empty() ? "" : ",",
        broker.host.find(':') == std::string::npos ? broker.host : "[" + broker.host + "]",
        broker.port);
  config.topic = target.topic;
  config.properties = target.properties;
  return config;
}

/// The check of one target, from step to step. A step that fails ends it.
class Checker {
 public:
  Checker(const KafkaCheckTarget& target, const std::function<void(const KafkaCheckStep&)>& told,
          const Clock& clock)
      : target_(target),
        config_(config_of(target)),
        brokers_(config_.brokers),
        told_(told),
        clock_(clock) {
    const std::string protocol = property_of(target, "security.protocol");
    uses_tls_ = protocol == "ssl" || protocol == "sasl_ssl";
    std::ranges::replace(brokers_, ',', ' ');
    uses_login_ = protocol.starts_with("sasl");
  }

  bool run() { return resolve() && connect() && open() && check_topic() && send_probe(); }

 private:
  bool tell(const KafkaCheckStep& step) {
    told_(step);
    return step.result != KafkaCheckResult::kFailed;
  }

  bool resolve();
  bool connect();
  bool open();
  bool explain_closed(const std::string& error);
  bool check_topic();
  bool check_missing_topic(std::int32_t broker);
  bool check_settings();
  bool send_probe();
  bool explain_lost(const KafkaProduced& produced, const KafkaSignals& signals);
  bool read_probe(const KafkaProbe& probe);

  const KafkaCheckTarget& target_;
  KafkaConfig config_;
  std::string brokers_;  ///< for people
  const std::function<void(const KafkaCheckStep&)>& told_;
  const Clock& clock_;
  bool uses_tls_ = false;
  bool uses_login_ = false;
  std::map<std::string, std::vector<std::string>> addresses_;
  std::shared_ptr<KafkaSignals> signals_ = std::make_shared<KafkaSignals>();
  std::unique_ptr<KafkaTopic> topic_;
  KafkaTopicFacts facts_;
};

bool Checker::resolve() {
  bool is_ok = true;
  for (const auto& broker : target_.brokers) {
    if (addresses_.contains(broker.host)) continue;
    auto found = resolve_host(broker.host);
    KafkaCheckStep step{1, "resolve", broker.host, "", KafkaCheckResult::kOk, "", std::nullopt};
    if (found) {
      step.detail = fmt::format("{}", fmt::join(found.value(), " "));
      addresses_[broker.host] = std::move(found).value();
    } else {
      step.result = KafkaCheckResult::kFailed;
      step.detail = found.error().message;
      step.remedy =
          "write the name as your DNS or /etc/hosts knows it, or the address itself, in the "
          "kafka:// URL";
    }
    is_ok = tell(step) && is_ok;
  }
  return is_ok;
}

bool Checker::connect() {
  bool is_ok = true;
  for (const auto& broker : target_.brokers) {
    KafkaCheckStep step{2, "connect", "", "", KafkaCheckResult::kFailed, "", std::nullopt};
    for (const std::string& address : addresses_[broker.host]) {
      step.subject = fmt::format("{}:{}", address, broker.port);
      const Result<std::int64_t> took = reach_address(address, broker.port, kConnectMs);
      if (took) {
        step.result = KafkaCheckResult::kOk;
        step.detail.clear();
        step.took_us = took.value();
        break;
      }
      step.detail = took.error().message;
    }
    if (step.result == KafkaCheckResult::kFailed)
      step.remedy = fmt::format(
          "is Kafka running on {0}, is {1} its port, and does no firewall stand between?",
          broker.host, broker.port);
    is_ok = tell(step) && is_ok;
  }
  return is_ok;
}

/// TLS and login, both by the first answer that librdkafka gets with the operator's properties.
bool Checker::open() {
  auto topic = KafkaTopic::create(config_, signals_);
  if (!topic)
    return tell(
        {uses_tls_ ? 3 : 4, uses_tls_ ? "TLS" : "login", brokers_, topic.error().message,
         KafkaCheckResult::kFailed,
         "correct the kafka.* property that is named; if it is a file: is it there, and may this "
         "user read it?",
         std::nullopt});
  topic_ = std::move(topic).value();
  auto facts = topic_->facts(kSliceMs);
  // A client tries again whatever the failure was; once it has told one twice, that is the answer.
  for (int waited = kSliceMs; !facts && waited < kStepMs; waited += kSliceMs) {
    if (waited > kSliceMs && !signals_->error().empty()) break;
    facts = topic_->facts(kSliceMs);
  }
  if (!facts) return explain_closed(facts.error().message);
  facts_ = std::move(facts).value();
  if (uses_tls_) tell({3, "TLS", brokers_, "", KafkaCheckResult::kOk, "", std::nullopt});
  if (uses_login_)
    tell({4, "login", property_of(target_, "sasl.mechanism"), "", KafkaCheckResult::kOk, "",
          std::nullopt});
  return true;
}

bool Checker::explain_closed(const std::string& error) {
  const auto bad = signals_->bad_certificate();
  // Where verification is switched off, a bad certificate is noted and is not what failed.
  if (bad && says_certificate(error))
    return tell(
        {3, "TLS", brokers_, bad->what, KafkaCheckResult::kFailed, bad->remedy, std::nullopt});
  const KafkaFault fault = explain_fault(error, uses_tls_, uses_login_);
  if (fault.step > 3 && uses_tls_)
    tell({3, "TLS", brokers_, "", KafkaCheckResult::kOk, "", std::nullopt});
  return tell({fault.step, fault.name, brokers_, plain_words(error), KafkaCheckResult::kFailed,
               fault.remedy, std::nullopt});
}

bool Checker::check_topic() {
  if (!facts_.trouble.empty())
    return tell({5, "topic", target_.topic, facts_.trouble, KafkaCheckResult::kFailed,
                 "give this login the right to describe the topic", std::nullopt});
  if (!facts_.exists) return check_missing_topic(facts_.broker_id);
  std::string leaderless;
  for (const auto& partition : facts_.partitions)
    if (!partition.trouble.empty())
      leaderless += fmt::format("{}{}: {}", leaderless.empty() ? "partition " : ", ", partition.id,
                                partition.trouble);
  if (!leaderless.empty())
    return tell({5, "topic", target_.topic, leaderless, KafkaCheckResult::kFailed,
                 "start the brokers that hold it", std::nullopt});
  tell({5, "topic", target_.topic,
        fmt::format("{} partition{}", facts_.partitions.size(),
                    facts_.partitions.size() == 1 ? "" : "s"),
        KafkaCheckResult::kOk, "", std::nullopt});
  return check_settings();
}

bool Checker::check_missing_topic(std::int32_t broker) {
  const auto settings = describe_settings(topic_->client(), RD_KAFKA_RESOURCE_BROKER,
                                          fmt::format("{}", broker), kStepMs);
  if (settings) {
    const auto found = settings.value().find("auto.create.topics.enable");
    if (found != settings.value().end() && found->second == "true")
      return tell({5, "topic", target_.topic, "not there yet; the first message makes it",
                   KafkaCheckResult::kOk, "", std::nullopt});
  }
  return tell({5, "topic", target_.topic, "does not exist, and the brokers do not make topics",
               KafkaCheckResult::kFailed,
               fmt::format("kafka-topics.sh --bootstrap-server {} --create --topic {} "
                           "--partitions 3 --config message.timestamp.type=LogAppendTime",
                           config_.brokers, target_.topic),
               std::nullopt});
}

/// What makes Kafka throw readings away before they are billed.
bool Checker::check_settings() {
  const auto settings =
      describe_settings(topic_->client(), RD_KAFKA_RESOURCE_TOPIC, target_.topic, kStepMs);
  if (!settings)
    return tell(
        {5, "topic", target_.topic, "its settings cannot be seen: " + settings.error().message,
         KafkaCheckResult::kWarning,
         "let its administrator check cleanup.policy=delete and retention.ms", std::nullopt});
  for (const KafkaTopicRisk& risk : topic_risks(settings.value(), kRetentionMsMin))
    tell({5, "topic", target_.topic, risk.what, KafkaCheckResult::kWarning, risk.remedy,
          std::nullopt});
  return true;
}

bool Checker::send_probe() {
  const KafkaProbe probe = make_probe(clock_.now());
  const auto begin = std::chrono::steady_clock::now();
  const auto signals = std::make_shared<KafkaSignals>();
  const KafkaProduced produced = produce_probe(config_, probe, kStepMs, signals);
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(
                        std::chrono::steady_clock::now() - begin)
                        .count();
  if (produced.error.empty()) {
    KafkaProbe sent = probe;
    sent.partition = produced.partition;
    sent.offset = produced.offset;
    tell({6, "produce", fmt::format("partition {} offset {}", sent.partition, sent.offset), "",
          KafkaCheckResult::kOk, "", took});
    return read_probe(sent);
  }
  if (produced.is_forbidden && !target_.must_write)
    return tell({6, "produce", target_.topic, "this login may only read; no probe is sent",
                 KafkaCheckResult::kWarning, "none needed: the worker only reads", std::nullopt});
  if (produced.is_forbidden)
    return tell({6, "produce", target_.topic, produced.error, KafkaCheckResult::kFailed,
                 "give this login the right to write to the topic", std::nullopt});
  return explain_lost(produced, *signals);
}

/// The broker of the kafka:// URL answered, but no broker took the probe.
bool Checker::explain_lost(const KafkaProduced& produced, const KafkaSignals& signals) {
  const std::string closed = signals.error();
  KafkaLoss loss = explain_loss(produced, closed);
  const auto bad = signals.bad_certificate();
  if (produced.is_unanswered && bad && says_certificate(closed)) loss = {bad->what, bad->remedy};
  return tell({6, "produce", target_.topic, loss.what, KafkaCheckResult::kFailed, loss.remedy,
               std::nullopt});
}

bool Checker::read_probe(const KafkaProbe& probe) {
  const std::string subject = fmt::format("partition {} offset {}", probe.partition, probe.offset);
  const auto begin = std::chrono::steady_clock::now();
  const Result<KafkaRecord> record = topic_->read_at(probe.partition, probe.offset, kStepMs);
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(
                        std::chrono::steady_clock::now() - begin)
                        .count();
  if (!record && !target_.must_read)
    return tell({7, "consume", subject, record.error().message, KafkaCheckResult::kWarning,
                 "none needed: the agent only writes", std::nullopt});
  if (!record)
    return tell({7, "consume", subject, record.error().message, KafkaCheckResult::kFailed,
                 "give this login the right to read the topic", std::nullopt});
  const Delivery& got = record.value().delivery;
  if (record.value().offset != probe.offset || got.key != probe.message.key ||
      got.value != probe.message.value || got.headers != probe.message.headers)
    return tell(
        {7, "consume", subject, "what came back is not what was sent", KafkaCheckResult::kFailed,
         "something between changes messages: look for a proxy or an interceptor", std::nullopt});
  return tell({7, "consume", subject, "the same bytes", KafkaCheckResult::kOk, "", took});
}

}  // namespace

bool check_kafka(const KafkaCheckTarget& target,
                 const std::function<void(const KafkaCheckStep&)>& told, const Clock& clock) {
  return Checker(target, told, clock).run();
}

}  // namespace meterbill
