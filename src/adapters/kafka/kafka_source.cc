#include "adapters/kafka/kafka_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "adapters/kafka/kafka_message.h"

namespace meterbill {
namespace {

/// How long the end of the watch is waited for.
constexpr std::chrono::milliseconds kEnd{300};
/// Nothing more is staged once it holds so much.
constexpr std::size_t kStagedBytesMax = std::size_t{32} << 20;
constexpr std::size_t kPolledAtOnce = 512;

}  // namespace

Result<std::unique_ptr<KafkaSource>> KafkaSource::create(const KafkaConfig& config) {
  MB_TRY(std::shared_ptr<KafkaWatch> watch, KafkaWatch::create(config));
  std::unique_ptr<KafkaSource> source{new KafkaSource(config.topic, watch)};
  auto ended = std::make_shared<std::promise<void>>();
  source->ended_ = ended->get_future();
  source->thread_ = std::jthread([watch, ended](const std::stop_token& stop) {
    watch->run(stop);
    ended->set_value();
  });
  return source;
}

KafkaSource::~KafkaSource() {
  watch_->signals().on_arrival({});
  thread_.request_stop();
  // A question that nobody answers ends by its own time limit, after us.
  if (ended_.wait_for(kEnd) != std::future_status::ready) thread_.detach();
}

std::string KafkaSource::name() const {
  const std::string cluster = watch_->cluster_id();
  return cluster.empty() ? "" : fmt::format("kafka:{}/{}", cluster, topic_);
}

void KafkaSource::on_arrival(std::function<void()> wake) {
  watch_->signals().on_arrival(std::move(wake));
}

template <class Use>
void KafkaSource::change(Use&& use) {
  const bool needs_plan = watch_->partitions().with([&](KafkaPartitions& all) {
    use(all);
    return all.needs_plan();
  });
  if (needs_plan) watch_->signals().ask_for_look();
}

Result<void> KafkaSource::start(std::vector<PartitionPosition> positions) {
  change([&](KafkaPartitions& all) { all.start(positions); });
  return ok();
}

void KafkaSource::poll(std::vector<Arrival>& into, std::size_t max) {
  if (auto reader = watch_->reader(); reader != reader_) {
    drop_staged();
    reader_ = std::move(reader);
  }
  if (!reader_) return;
  stage(max);
  hand_over(into, into.size() + max);
}

std::vector<Gap> KafkaSource::take_gaps() {
  return watch_->partitions().with([](KafkaPartitions& all) { return all.take_gaps(); });
}

/// Takes what has arrived, as far as there is room, and asks for its proof: for the next poll too,
/// so that under load there is always something proven.
void KafkaSource::stage(std::size_t max) {
  const std::size_t wanted = 2 * max;
  while (staged_.size() < wanted && staged_bytes_ < kStagedBytesMax) {
    const auto messages = reader_->poll(std::min(kPolledAtOnce, wanted - staged_.size()));
    if (messages.empty()) {
      note_ends();
      break;
    }
    if (!take(messages)) return drop_staged();
  }
  watch_->staged(staged_count_);
  if (!staged_.empty() && watch_->proven() < staged_count_) watch_->signals().ask_for_proof();
}

/// False: the reader is of a plan that is over.
bool KafkaSource::take(std::span<const KafkaPtr<rd_kafka_message_t>> messages) {
  bool is_current = true;
  bool has_error = false;
  change([&](KafkaPartitions& all) {
    is_current = all.is_current(reader_->generation());
    for (auto next = messages.begin(); is_current && next != messages.end(); ++next) {
      const rd_kafka_message_t& message = **next;
      if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        has_error = true;
        all.take_error(message.partition, rd_kafka_message_errstr(&message));
      } else {
        take_record(message, all);
      }
      is_current = all.is_current(reader_->generation());
    }
  });
  // An error of no partition: of the client as a whole.
  if (has_error) watch_->signals().ask_for_look();
  return is_current;
}

void KafkaSource::take_record(const rd_kafka_message_t& message, KafkaPartitions& all) {
  const auto digest = [&] { return anchor_digest(to_delivery(message)); };
  if (!all.stage(message.partition, message.offset, digest)) return;
  staged_.push_back({to_delivery(message), {message.partition, message.offset}});
  staged_bytes_ += staged_.back().delivery.bytes();
  ++staged_count_;
}

void KafkaSource::hand_over(std::vector<Arrival>& into, std::size_t full) {
  const std::int64_t proven = watch_->proven();
  const bool is_current = watch_->partitions().with([&](KafkaPartitions& all) {
    if (!all.is_current(reader_->generation())) return false;
    // Else a large portion is copied again and again as it grows.
    const std::size_t expected = std::min(full, into.size() + staged_.size());
    if (expected > into.capacity()) into.reserve(std::max(expected, 2 * into.capacity()));
    while (!staged_.empty() && into.size() < full &&
           staged_count_ - static_cast<std::int64_t>(staged_.size()) < proven) {
      Arrival& next = staged_.front();
      all.hand_over(next.position.partition, next.position.offset);
      staged_bytes_ -= next.delivery.bytes();
      into.push_back(std::move(next));
      staged_.pop_front();
    }
    return true;
  });
  if (!is_current) drop_staged();
}

/// They are read again.
void KafkaSource::drop_staged() {
  staged_.clear();
  staged_bytes_ = 0;
}

void KafkaSource::note_ends() {
  watch_->partitions().with([&](KafkaPartitions& all) {
    for (const std::int32_t id : all.read_ids()) all.see_end(id, reader_->end_of(id));
  });
}

Sha256 KafkaSource::digest(const Delivery& delivery) const { return anchor_digest(delivery); }

void KafkaSource::committed(std::span<const PartitionPosition> positions) {
  change([&](KafkaPartitions& all) { all.committed(positions); });
}

void KafkaSource::answer(std::int64_t, const Counts&) {}

void KafkaSource::rejected(const std::string& reason) {
  change([&](KafkaPartitions& all) { all.rejected(reason); });
}

SourceStatus KafkaSource::status() const {
  return watch_->partitions().with([](const KafkaPartitions& all) { return all.status(); });
}

Result<PartitionPosition> KafkaSource::accept(std::int32_t id) {
  MB_TRYV(
      watch_->partitions().with([&](const KafkaPartitions& all) { return all.may_accept(id); }));
  MB_TRY(const std::int64_t end, in(fmt::format("end of partition {}", id), watch_->end_of(id)));
  return watch_->partitions().with(
      [&](const KafkaPartitions& all) { return all.new_incarnation(id, end); });
}

}  // namespace meterbill
