#include "adapters/kafka/kafka_reader.h"

#include <fmt/format.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "base/checked.h"

namespace meterbill {
namespace {

/// What librdkafka may hold that nobody has taken yet; the operator can say otherwise.
constexpr const char* kQueuedMax = "queued.max.messages.kbytes";
constexpr const char* kQueuedMaxKib = "16384";
/// Room for such a part of it is worth a fetch.
constexpr std::int64_t kParts = 8;

}  // namespace

Result<std::shared_ptr<KafkaReader>> KafkaReader::create(
    const KafkaConfig& config, std::span<const KafkaStart> starts, std::int64_t generation,
    const std::shared_ptr<KafkaSignals>& signals) {
  KafkaProperties defaults = common_kafka_defaults();
  // What is read ahead is bounded by its bytes alone: of small records a thousand are nothing.
  defaults.emplace_back(kQueuedMax, kQueuedMaxKib);
  defaults.emplace_back("queued.min.messages", "1000000");
  MB_TRY(auto conf, make_kafka_conf(config, defaults, forced_consumer_properties()));
  rd_kafka_conf_set_opaque(conf.get(), signals.get());
  rd_kafka_conf_set_error_cb(conf.get(), &KafkaReader::on_error);
  std::shared_ptr<KafkaReader> reader{new KafkaReader(config.topic, generation)};
  reader->credentials_ = credentials_of(*conf);
  MB_TRY(const std::int64_t queued_kib, parse_count(value_of(*conf, kQueuedMax)));
  reader->room_bytes_ = queued_kib * 1'024 / kParts;
  MB_TRY(auto handle, make_kafka_handle(RD_KAFKA_CONSUMER, std::move(conf)));
  reader->client_ = KafkaClient(std::move(handle), signals);
  rd_kafka_poll_set_consumer(reader->client_.get());
  reader->queue_.reset(rd_kafka_queue_get_consumer(reader->client_.get()));
  rd_kafka_queue_cb_event_enable(reader->queue_.get(), &KafkaReader::on_event, signals.get());
  MB_TRYV(reader->assign(starts));
  return reader;
}

KafkaReader::~KafkaReader() {
  if (queue_) rd_kafka_queue_cb_event_enable(queue_.get(), nullptr, nullptr);
}

Result<void> KafkaReader::assign(std::span<const KafkaStart> starts) {
  const KafkaPtr<rd_kafka_topic_partition_list_t> list{
      rd_kafka_topic_partition_list_new(static_cast<int>(starts.size()))};
  for (const KafkaStart& start : starts)
    rd_kafka_topic_partition_list_add(list.get(), topic_.c_str(), start.partition)->offset =
        start.offset;
  const rd_kafka_resp_err_t error = rd_kafka_assign(client_.get(), list.get());
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return ok();
  return fail(Code::kUnavailable,
              fmt::format("topic {} cannot be assigned: {}", topic_, rd_kafka_err2str(error)));
}

void KafkaReader::on_event(rd_kafka_t*, void* signals) {
  static_cast<KafkaSignals*>(signals)->arrived();
}

void KafkaReader::on_error(rd_kafka_t*, int code, const char* reason, void* signals) {
  auto& told = *static_cast<KafkaSignals*>(signals);
  // "1/1 brokers are down" says less than the failure before it.
  if (code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || told.error().empty()) told.note_error(reason);
  told.ask_for_look();
}

std::vector<KafkaPtr<rd_kafka_message_t>> KafkaReader::poll(std::size_t max) {
  std::vector<KafkaPtr<rd_kafka_message_t>> messages;
  while (messages.size() < max) {
    KafkaPtr<rd_kafka_message_t> next{rd_kafka_consumer_poll(client_.get(), 0)};
    if (!next) break;
    tell_of_room(*next);
    messages.push_back(std::move(next));
  }
  return messages;
}

/// librdkafka 2.0.2 stops fetching while its queue is full, and looks at the queue again when its
/// broker threads wake up for some other reason, at the latest after a second: a busy reader would
/// stand still for most of each second. Of the calls that wake them all, the one that sets the
/// credentials is the only one without another effect, when they are the same.
void KafkaReader::tell_of_room(const rd_kafka_message_t& taken) {
  taken_bytes_ += static_cast<std::int64_t>(taken.len + taken.key_len);
  if (taken_bytes_ < room_bytes_ || !credentials_) return;
  taken_bytes_ = 0;
  const KafkaPtr<rd_kafka_error_t> error{rd_kafka_sasl_set_credentials(
      client_.get(), credentials_->username.c_str(), credentials_->password.c_str())};
  MB_ASSERT(!error);  // it refuses null alone
}

std::int64_t KafkaReader::end_of(std::int32_t partition) const {
  std::int64_t low = -1;
  std::int64_t high = -1;
  rd_kafka_get_watermark_offsets(client_.get(), topic_.c_str(), partition, &low, &high);
  return high < 0 ? -1 : high;
}

}  // namespace meterbill
