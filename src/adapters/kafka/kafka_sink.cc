#include "adapters/kafka/kafka_sink.h"

#include <fmt/format.h>

#include <array>
#include <chrono>

#include "adapters/kafka/kafka_message.h"

namespace meterbill {
namespace {

constexpr int kPollMs = 100;
constexpr std::int64_t kFlushEveryUs = 1'000'000;
/// librdkafka looks for timed-out messages once a second, so this and a second stay below kSendUs.
constexpr int kMessageTimeoutMs = 7'500;
constexpr std::int64_t kSendUs = 9'000'000;
constexpr int kPurgeMs = 200;

std::int64_t monotonic_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

bool is_too_large(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ||
         code == RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE;
}

}  // namespace

Result<std::unique_ptr<KafkaSink>> KafkaSink::create(const KafkaConfig& config) {
  auto sink = std::unique_ptr<KafkaSink>(new KafkaSink(config));
  MB_TRYV(sink->make_producer());
  return sink;
}

Result<void> KafkaSink::make_producer() {
  MB_TRY(auto conf, make_producer_conf(config_, kMessageTimeoutMs));
  rd_kafka_conf_set_opaque(conf.get(), this);
  rd_kafka_conf_set_dr_msg_cb(conf.get(), &KafkaSink::on_report);
  rd_kafka_conf_set_error_cb(conf.get(), &KafkaSink::on_error);
  MB_TRY(auto handle, make_kafka_handle(RD_KAFKA_PRODUCER, std::move(conf)));
  producer_ = KafkaClient(std::move(handle), nullptr);
  return ok();
}

std::string KafkaSink::name() const {
  return fmt::format("kafka://{}/{}", config_.brokers, config_.topic);
}

void KafkaSink::on_error(rd_kafka_t*, int code, const char* reason, void* self) {
  auto& sink = *static_cast<KafkaSink*>(self);
  // "1/1 brokers are down" says less than the failure before it.
  if (code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || sink.last_error_.empty())
    sink.last_error_ = reason;
}

std::string KafkaSink::reason(rd_kafka_resp_err_t code) const {
  switch (code) {
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
      return fmt::format("topic {} does not exist and the brokers do not make it: create it",
                         config_.topic);
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
      return fmt::format("not allowed to write to topic {}: give this login the right to",
                         config_.topic);
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
    case RD_KAFKA_RESP_ERR__PURGE_QUEUE:
    case RD_KAFKA_RESP_ERR__PURGE_INFLIGHT:
      if (!last_error_.empty()) return last_error_;
      return "no broker confirmed it in time";
    default:
      return rd_kafka_err2str(code);
  }
}

/// A message counts as delivered only when the brokers persisted it (hazard H13).
void KafkaSink::on_report(rd_kafka_t*, const rd_kafka_message_t* message, void* self) {
  auto& sink = *static_cast<KafkaSink*>(self);
  auto& report = *static_cast<SendReport*>(message->_private);
  --sink.waiting_;
  report = SendReport{};
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR &&
      rd_kafka_message_status(message) == RD_KAFKA_MSG_STATUS_PERSISTED) {
    report.fate = Fate::kDelivered;
  } else if (is_too_large(message->err)) {
    report.fate = Fate::kRefused;
    report.detail = fmt::format("larger than max.message.bytes of topic {}", sink.config_.topic);
  } else {
    report.detail = sink.reason(message->err);
  }
}

bool KafkaSink::produce(const OutgoingMessage& message, SendReport& report) {
  const rd_kafka_resp_err_t code =
      meterbill::produce(producer_.get(), config_.topic, message, &report);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
    ++waiting_;
    return true;
  }
  report.fate = is_too_large(code) ? Fate::kRefused : Fate::kLater;
  report.detail = is_too_large(code) ? "larger than kafka.message.max.bytes" : reason(code);
  return false;
}

void KafkaSink::wait_for_reports(std::int64_t until_us) {
  // All is handed over: a flush serves reports, too, and meanwhile nothing lingers for what else
  // may come. Not all the time: it looks 100 times a second, which a broker that is away is not
  // worth. Not once only: what a broker came too late for would linger when it is there.
  for (std::int64_t flush_us = monotonic_us();
       waiting_ > 0 && !is_stopped_.load() && monotonic_us() < until_us;) {
    if (monotonic_us() < flush_us) {
      rd_kafka_poll(producer_.get(), kPollMs);
    } else {
      rd_kafka_flush(producer_.get(), kPollMs);
      flush_us = monotonic_us() + kFlushEveryUs;
    }
  }
}

/// Brokers refuse a batch whole, although each of its messages may be small enough: only a message
/// that was sent alone is refused itself.
void KafkaSink::send_alone(std::span<const OutgoingMessage> messages,
                           std::vector<SendReport>& reports, std::int64_t until_us) {
  for (std::size_t i = 0; i < messages.size(); ++i) {
    if (reports[i].fate != Fate::kRefused) continue;
    reports[i] = SendReport{};
    if (produce(messages[i], reports[i])) wait_for_reports(until_us);
    if (waiting_ > 0 || is_stopped_.load()) return;
  }
}

std::vector<SendReport> KafkaSink::send(std::span<const OutgoingMessage> messages) {
  std::vector<SendReport> reports(messages.size());
  const std::int64_t until_us = monotonic_us() + kSendUs;
  waiting_ = 0;
  last_error_.clear();
  if (producer_.get() == nullptr) {
    if (const Result<void> made = make_producer(); !made) {
      for (SendReport& report : reports) report.detail = made.error().message;
      return reports;
    }
  }
  if (!is_stopped_.load()) {
    for (std::size_t i = 0; i < messages.size(); ++i) produce(messages[i], reports[i]);
    wait_for_reports(until_us);
    if (messages.size() > 1 && waiting_ == 0) send_alone(messages, reports, until_us);
  }
  std::array<char, 512> fatal{};
  const bool is_fatal = rd_kafka_fatal_error(producer_.get(), fatal.data(), fatal.size()) !=
                        RD_KAFKA_RESP_ERR_NO_ERROR;
  if (is_fatal) last_error_ = fatal.data();
  if (waiting_ > 0 || is_fatal) take_back();
  for (SendReport& report : reports)
    if (report.fate == Fate::kLater && report.detail.empty())
      report.detail = is_stopped_.load() ? "stopping" : reason(RD_KAFKA_RESP_ERR__MSG_TIMED_OUT);
  return reports;
}

/// Reports still open point into `reports`, and a fatal error ends a producer for good: takes in
/// what it can, then the producer goes. The next `send` makes a new one.
void KafkaSink::take_back() {
  rd_kafka_purge(producer_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  for (std::int64_t until_us = monotonic_us() + std::int64_t{kPurgeMs} * 1'000;
       waiting_ > 0 && monotonic_us() < until_us;)
    rd_kafka_poll(producer_.get(), kPurgeMs);
  // What is not reported now never will be: callbacks run while it is polled, and nobody will.
  producer_ = KafkaClient();
}

}  // namespace meterbill
