#include "adapters/kafka/kafka_sink.h"

#include <fmt/format.h>

#include <array>

namespace meterbill {
namespace {

constexpr int kPollMs = 100;
/// Polls after which a report can no longer come: message.timeout.ms is 10 s, so that a stop is
/// never kept waiting longer.
constexpr int kPollsMax = 150;

}  // namespace

Result<std::unique_ptr<KafkaSink>> KafkaSink::create(const KafkaConfig& config) {
  auto sink = std::unique_ptr<KafkaSink>(new KafkaSink(config));
  MB_TRYV(sink->make_producer());
  return sink;
}

Result<void> KafkaSink::make_producer() {
  KafkaProperties defaults = common_kafka_defaults();
  defaults.insert(
      defaults.end(),
      {{"linger.ms", "5"}, {"compression.type", "zstd"}, {"queue.buffering.max.kbytes", "16384"}});
  const KafkaProperties forced{{"enable.idempotence", "true"},
                               {"acks", "all"},
                               {"message.timeout.ms", "10000"},
                               {"partitioner", "murmur2_random"}};
  MB_TRY(auto conf, make_kafka_conf(config_, defaults, forced));
  rd_kafka_conf_set_opaque(conf.get(), this);
  rd_kafka_conf_set_dr_msg_cb(conf.get(), &KafkaSink::on_report);
  rd_kafka_conf_set_error_cb(conf.get(), &KafkaSink::on_error);
  producer_.reset();
  MB_TRY(producer_, make_kafka_handle(RD_KAFKA_PRODUCER, std::move(conf)));
  return ok();
}

std::string KafkaSink::name() const {
  return fmt::format("kafka://{}/{}", config_.brokers, config_.topic);
}

void KafkaSink::on_error(rd_kafka_t*, int, const char* reason, void* self) {
  static_cast<KafkaSink*>(self)->last_error_ = reason;
}

/// A message counts as delivered only when the brokers persisted it (hazard H13).
void KafkaSink::on_report(rd_kafka_t*, const rd_kafka_message_t* message, void* self) {
  auto& sink = *static_cast<KafkaSink*>(self);
  auto& report = *static_cast<SendReport*>(message->_private);
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR &&
      rd_kafka_message_status(message) == RD_KAFKA_MSG_STATUS_PERSISTED) {
    report.fate = Fate::kDelivered;
  } else if (message->err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) {
    report.fate = Fate::kRefused;
    report.detail = "larger than the topic's max.message.bytes";
  } else {
    report.fate = Fate::kLater;
    report.detail = message->err == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT && !sink.last_error_.empty()
                        ? sink.last_error_
                        : rd_kafka_err2str(message->err);
  }
  --sink.waiting_;
}

bool KafkaSink::produce(const OutgoingMessage& message, SendReport& report) {
  rd_kafka_headers_t* headers = rd_kafka_headers_new(message.headers.size());
  for (const Header& header : message.headers)
    rd_kafka_header_add(headers, header.name.data(), static_cast<ssize_t>(header.name.size()),
                        header.value.data(), static_cast<ssize_t>(header.value.size()));
  // No timestamp is given: the record's time is the send time, never the slot's (hazard H17).
  std::array<rd_kafka_vu_t, 6> fields{};
  fields[0].vtype = RD_KAFKA_VTYPE_TOPIC;
  fields[0].u.cstr = config_.topic.c_str();
  fields[1].vtype = RD_KAFKA_VTYPE_KEY;
  fields[1].u.mem = {const_cast<char*>(message.key.data()), message.key.size()};
  fields[2].vtype = RD_KAFKA_VTYPE_VALUE;
  fields[2].u.mem = {const_cast<char*>(message.value.data()), message.value.size()};
  fields[3].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  fields[3].u.i = RD_KAFKA_MSG_F_COPY;
  fields[4].vtype = RD_KAFKA_VTYPE_HEADERS;
  fields[4].u.headers = headers;
  fields[5].vtype = RD_KAFKA_VTYPE_OPAQUE;
  fields[5].u.ptr = &report;
  const KafkaPtr<rd_kafka_error_t> error{
      rd_kafka_produceva(producer_.get(), fields.data(), fields.size())};
  if (!error) return true;
  rd_kafka_headers_destroy(headers);
  report.fate = rd_kafka_error_code(error.get()) == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE
                    ? Fate::kRefused
                    : Fate::kLater;
  report.detail = rd_kafka_error_string(error.get());
  return false;
}

std::vector<SendReport> KafkaSink::send(std::span<const OutgoingMessage> messages) {
  std::vector<SendReport> reports(messages.size());
  waiting_ = 0;
  last_error_.clear();
  for (std::size_t i = 0; i < messages.size(); ++i)
    if (produce(messages[i], reports[i])) ++waiting_;
  for (int polls = 0; waiting_ > 0 && polls < kPollsMax; ++polls)
    rd_kafka_poll(producer_.get(), kPollMs);
  std::array<char, 256> reason{};
  const bool is_fatal = rd_kafka_fatal_error(producer_.get(), reason.data(), reason.size()) !=
                        RD_KAFKA_RESP_ERR_NO_ERROR;
  if (waiting_ == 0 && !is_fatal) return reports;
  // Reports still open point into `reports`: take them in before it goes, then begin with a new
  // producer.
  rd_kafka_purge(producer_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  rd_kafka_flush(producer_.get(), 1'000);
  const Result<void> made = make_producer();
  for (SendReport& report : reports)
    if (report.fate == Fate::kLater && report.detail.empty())
      report.detail = made ? "no delivery report" : made.error().message;
  return reports;
}

}  // namespace meterbill
