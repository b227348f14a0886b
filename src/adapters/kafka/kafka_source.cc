#include "adapters/kafka/kafka_source.h"

#include <fmt/format.h>

#include <chrono>

#include "adapters/kafka/kafka_message.h"

namespace meterbill {
namespace {

constexpr int kRequestMs = 5'000;
constexpr std::chrono::milliseconds kRefresh{30'000};
constexpr std::chrono::milliseconds kPause{50};
constexpr std::chrono::milliseconds kRetry{500};

}  // namespace

Result<std::unique_ptr<KafkaSource>> KafkaSource::create(const KafkaConfig& config) {
  KafkaProperties defaults = common_kafka_defaults();
  defaults.insert(defaults.end(), {{"fetch.wait.max.ms", "50"},
                                   {"fetch.error.backoff.ms", "100"},
                                   {"queued.max.messages.kbytes", "32768"},
                                   {"topic.metadata.refresh.interval.ms", "30000"}});
  const KafkaProperties forced{
      {"group.id", "meterbill-worker"},      {"enable.auto.commit", "false"},
      {"enable.auto.offset.store", "false"}, {"auto.offset.reset", "error"},
      {"isolation.level", "read_committed"}, {"check.crcs", "true"},
      {"enable.partition.eof", "false"},     {"allow.auto.create.topics", "false"}};
  MB_TRY(auto conf, make_kafka_conf(config, defaults, forced));
  auto source = std::unique_ptr<KafkaSource>(new KafkaSource(config, nullptr));
  rd_kafka_conf_set_opaque(conf.get(), source.get());
  rd_kafka_conf_set_error_cb(conf.get(), &KafkaSource::on_error);
  MB_TRY(source->handle_, make_kafka_handle(RD_KAFKA_CONSUMER, std::move(conf)));
  rd_kafka_poll_set_consumer(source->handle_.get());
  source->queue_.reset(rd_kafka_queue_get_consumer(source->handle_.get()));
  rd_kafka_queue_cb_event_enable(source->queue_.get(), &KafkaSource::on_event, source.get());
  KafkaSource* self = source.get();
  source->watcher_ = std::jthread([self](const std::stop_token& stop) { self->watch(stop); });
  return source;
}

KafkaSource::KafkaSource(KafkaConfig config, KafkaPtr<rd_kafka_t> handle)
    : config_(std::move(config)), handle_(std::move(handle)) {}

KafkaSource::~KafkaSource() {
  watcher_.request_stop();
  if (watcher_.joinable()) watcher_.join();
  if (queue_) rd_kafka_queue_cb_event_enable(queue_.get(), nullptr, nullptr);
  queue_.reset();
  // A consumer that is closed leaves nothing behind that could hang the destruction of the handle.
  if (handle_) rd_kafka_consumer_close(handle_.get());
}

void KafkaSource::on_event(rd_kafka_t*, void* self) { static_cast<KafkaSource*>(self)->notify(); }

void KafkaSource::on_error(rd_kafka_t*, int code, const char* reason, void* self) {
  auto& source = *static_cast<KafkaSource*>(self);
  if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || code == RD_KAFKA_RESP_ERR__AUTHENTICATION ||
      code == RD_KAFKA_RESP_ERR__SSL || code == RD_KAFKA_RESP_ERR__RESOLVE)
    source.unreachable(reason);
}

void KafkaSource::unreachable(std::string reason) {
  const std::scoped_lock lock(mutex_);
  if (unreachable_.empty()) unreachable_ = std::move(reason);
  check_now_ = true;
  check_wanted_.notify_all();
}

std::string KafkaSource::name() const {
  const std::scoped_lock lock(mutex_);
  if (cluster_id_.empty()) return "";
  return fmt::format("kafka:{}/{}", cluster_id_, config_.topic);
}

void KafkaSource::on_arrival(std::function<void()> wake) {
  const std::scoped_lock lock(wake_mutex_);
  wake_ = std::move(wake);
}

Result<void> KafkaSource::start(std::vector<PartitionPosition> positions) {
  const std::scoped_lock lock(mutex_);
  for (PartitionPosition& position : positions) {
    Partition& partition = partitions_[position.partition];
    partition.next_offset = position.next_offset;
    partition.stored = std::move(position);
    partition.to_check = true;
    partition.plan.reset();
  }
  started_ = true;
  check_now_ = true;
  check_wanted_.notify_all();
  return ok();
}

/// The thread that waits for the cluster, so that the apply thread never does.
void KafkaSource::watch(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    {
      const std::scoped_lock lock(mutex_);
      check_now_ = false;
    }
    const bool answered = refresh_cluster() && refresh_partitions();
    std::unique_lock lock(mutex_);
    if (answered) unreachable_.clear();
    // An error may ask for a check again at once: not more often than this.
    check_wanted_.wait_for(lock, stop, kPause, [] { return false; });
    check_wanted_.wait_for(lock, stop, answered ? kRefresh : kRetry, [this] { return check_now_; });
  }
}

void KafkaSource::notify() {
  const std::scoped_lock lock(wake_mutex_);
  if (wake_) wake_();
}

bool KafkaSource::refresh_cluster() {
  char* id = rd_kafka_clusterid(handle_.get(), kRequestMs);
  if (id == nullptr) return false;
  {
    const std::scoped_lock lock(mutex_);
    if (cluster_id_.empty()) cluster_id_ = id;
  }
  rd_kafka_mem_free(handle_.get(), id);
  notify();
  return true;
}

/// Which partitions there are, and the bounds of those that must be checked.
bool KafkaSource::refresh_partitions() {
  KafkaPtr<rd_kafka_topic_t> topic{
      rd_kafka_topic_new(handle_.get(), config_.topic.c_str(), nullptr)};
  const rd_kafka_metadata_t* raw = nullptr;
  if (rd_kafka_metadata(handle_.get(), 0, topic.get(), &raw, kRequestMs) !=
      RD_KAFKA_RESP_ERR_NO_ERROR)
    return false;
  const KafkaPtr<const rd_kafka_metadata_t> metadata{raw};
  if (metadata->topic_cnt != 1) return false;
  const rd_kafka_metadata_topic_t& found = metadata->topics[0];
  std::vector<std::int32_t> to_check;
  {
    const std::scoped_lock lock(mutex_);
    if (!started_) return true;
    for (auto& [id, partition] : partitions_) partition.exists = false;
    if (found.err == RD_KAFKA_RESP_ERR_NO_ERROR)
      for (int i = 0; i < found.partition_cnt; ++i)
        partitions_[found.partitions[i].id].exists = true;
    for (auto& [id, partition] : partitions_) {
      if (!partition.exists) {
        halt(partition, found.err == RD_KAFKA_RESP_ERR_NO_ERROR
                            ? "the topic no longer has this partition"
                            : fmt::format("the topic is gone: {}", rd_kafka_err2str(found.err)));
        partition.to_check = true;
      } else if (partition.to_check || partition.high < 0 ||
                 partition.state != PartitionState::kHalted) {
        to_check.push_back(id);
      }
    }
  }
  for (const std::int32_t id : to_check) check_partition(id);
  notify();
  if (found.err == RD_KAFKA_RESP_ERR_NO_ERROR) return true;
  const std::scoped_lock lock(mutex_);
  unreachable_ = fmt::format("topic {}: {}; create it, or start the first agent", config_.topic,
                             rd_kafka_err2str(found.err));
  return false;
}

/// Asks the log's bounds and plans how to read it. A running partition is looked at too: its end
/// must not be before what was read.
void KafkaSource::check_partition(std::int32_t id) {
  std::int64_t low = -1;
  std::int64_t high = -1;
  if (rd_kafka_query_watermark_offsets(handle_.get(), config_.topic.c_str(), id, &low, &high,
                                       kRequestMs) != RD_KAFKA_RESP_ERR_NO_ERROR)
    return;
  const std::scoped_lock lock(mutex_);
  Partition& partition = partitions_[id];
  partition.low = low;
  partition.high = high;
  if (!partition.to_check) {
    if (partition.assigned && high < partition.next_offset && !partition.verifying)
      partition.to_check = true;
    else
      return;
  }
  StartPlan plan = plan_start(partition.stored, low, high);
  // A log that was replaced once stays halted until the operator accepts it, even if the new one
  // has grown past the old end.
  if (partition.state == PartitionState::kHalted && plan.kind != StartPlan::Kind::kVerify &&
      partition.stored && partition.stored->next_offset > 0 && plan.kind != StartPlan::Kind::kHalt)
    return;
  partition.plan = std::move(plan);
  partition.to_check = false;
  plans_ready_ = true;
}

void KafkaSource::halt(Partition& partition, std::string reason) {
  partition.state = PartitionState::kHalted;
  partition.reason = std::move(reason);
  partition.plan.reset();
  plans_ready_ = true;
}

/// On the apply thread: turns plans into one assignment.
void KafkaSource::apply_plans() {
  if (!plans_ready_) return;
  plans_ready_ = false;
  for (auto& [id, partition] : partitions_) {
    if (partition.state == PartitionState::kHalted && !partition.plan) partition.assigned = false;
    if (!partition.plan) continue;
    const StartPlan plan = std::move(*partition.plan);
    partition.plan.reset();
    partition.verifying = plan.kind == StartPlan::Kind::kVerify;
    if (plan.kind == StartPlan::Kind::kHalt) {
      partition.state = PartitionState::kHalted;
      partition.reason = plan.reason;
      partition.assigned = false;
      continue;
    }
    partition.next_offset = plan.offset;
    partition.assigned = true;
    partition.state = plan.kind == StartPlan::Kind::kGap      ? PartitionState::kGap
                      : plan.kind == StartPlan::Kind::kVerify ? PartitionState::kWaiting
                                                              : PartitionState::kRunning;
    partition.reason = plan.reason;
  }
  assign();
}

/// One `assign` with explicit offsets, never a seek (hazards H1, H4). Records of the assignment
/// before are dropped by `take_record`.
void KafkaSource::assign() {
  KafkaPtr<rd_kafka_topic_partition_list_t> list{
      rd_kafka_topic_partition_list_new(static_cast<int>(partitions_.size()))};
  for (const auto& [id, partition] : partitions_)
    if (partition.assigned)
      rd_kafka_topic_partition_list_add(list.get(), config_.topic.c_str(), id)->offset =
          partition.next_offset;
  const auto error = rd_kafka_assign(handle_.get(), list.get());
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return;
  for (auto& [id, partition] : partitions_)
    if (partition.assigned)
      halt(partition, fmt::format("cannot be assigned: {}", rd_kafka_err2str(error)));
}

void KafkaSource::poll(std::vector<Arrival>& into, std::size_t max) {
  {
    const std::scoped_lock lock(mutex_);
    apply_plans();
  }
  for (std::size_t taken = 0; taken < max; ++taken) {
    const KafkaPtr<rd_kafka_message_t> message{rd_kafka_consumer_poll(handle_.get(), 0)};
    if (!message) return;
    take(*message, into);
  }
}

void KafkaSource::take(const rd_kafka_message_t& message, std::vector<Arrival>& into) {
  const std::scoped_lock lock(mutex_);
  if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR)
    take_record(message, into);
  else
    take_error(message);
}

void KafkaSource::take_record(const rd_kafka_message_t& message, std::vector<Arrival>& into) {
  const auto found = partitions_.find(message.partition);
  if (found == partitions_.end()) return;
  Partition& partition = found->second;
  // Of an assignment that is over, or read already (hazard H2).
  if (!partition.assigned || partition.to_check || message.offset < partition.next_offset) return;
  unreachable_.clear();
  Delivery delivery = to_delivery(message);
  if (partition.verifying) {
    const Anchor& anchor = *partition.stored->anchor;
    if (message.offset != anchor.offset || anchor_digest(delivery) != anchor.digest) {
      halt(partition,
           fmt::format("the record at {} is not the one applied before: the topic was recreated or "
                       "cut; accept it with `meterbill kafka accept --partition {}`",
                       anchor.offset, message.partition));
      return;
    }
    partition.verifying = false;
    partition.state = PartitionState::kRunning;
    partition.next_offset = partition.stored->next_offset;
    return;
  }
  partition.next_offset = message.offset + 1;
  into.push_back({std::move(delivery), {message.partition, message.offset}, 0});
}

/// An error is never a reason to skip: the partition's log is looked at again (hazards H6, H8).
void KafkaSource::take_error(const rd_kafka_message_t& message) {
  const auto found = partitions_.find(message.partition);
  for (auto& [id, partition] : partitions_) {
    if (found != partitions_.end() && id != message.partition) continue;
    if (partition.state == PartitionState::kHalted) continue;
    partition.to_check = true;
    partition.state = PartitionState::kWaiting;
    partition.reason = rd_kafka_err2str(message.err);
  }
  ask_for_check();
}

void KafkaSource::ask_for_check() {
  check_now_ = true;
  check_wanted_.notify_all();
}

Sha256 KafkaSource::digest(const Delivery& delivery) const { return anchor_digest(delivery); }

void KafkaSource::committed(std::span<const PartitionPosition> positions) {
  const std::scoped_lock lock(mutex_);
  for (const PartitionPosition& position : positions) {
    Partition& partition = partitions_[position.partition];
    const bool accepted = partition.stored && partition.stored->incarnation != position.incarnation;
    partition.stored = position;
    if (!accepted) continue;
    partition.state = PartitionState::kWaiting;
    partition.reason.clear();
    partition.to_check = true;
    ask_for_check();
  }
}

void KafkaSource::answer(std::int64_t, const Counts&) {}

/// What was handed over is not applied: read it again from the stored positions.
void KafkaSource::rejected(const std::string& reason) {
  const std::scoped_lock lock(mutex_);
  for (auto& [id, partition] : partitions_) {
    if (partition.state == PartitionState::kHalted) continue;
    partition.to_check = true;
    partition.state = PartitionState::kWaiting;
    partition.reason = reason;
  }
  ask_for_check();
}

SourceStatus KafkaSource::status() const {
  const std::scoped_lock lock(mutex_);
  SourceStatus status;
  status.ready = unreachable_.empty() && started_;
  status.reason =
      unreachable_.empty() ? "starting" : fmt::format("{}: {}", config_.brokers, unreachable_);
  if (status.ready) status.reason.clear();
  for (const auto& [id, partition] : partitions_) {
    std::int64_t low = -1;
    std::int64_t high = -1;
    rd_kafka_get_watermark_offsets(handle_.get(), config_.topic.c_str(), id, &low, &high);
    const std::int64_t end = std::max(high, partition.high);
    status.partitions.push_back(
        {id, partition.state, partition.reason, partition.next_offset, end});
    const bool ill =
        partition.state == PartitionState::kHalted || partition.state == PartitionState::kWaiting;
    if (ill && status.ready) {
      status.ready = false;
      status.reason = fmt::format("partition {} {}: {}", id, to_string(partition.state),
                                  partition.reason.empty() ? "starting" : partition.reason);
    }
  }
  return status;
}

Result<PartitionPosition> KafkaSource::accept(std::int32_t id) {
  {
    const std::scoped_lock lock(mutex_);
    const auto found = partitions_.find(id);
    if (found == partitions_.end())
      return fail(Code::kNotFound, fmt::format("topic {} has no partition {}", config_.topic, id));
    if (found->second.state != PartitionState::kHalted || !found->second.exists)
      return fail(Code::kInvalid, fmt::format("partition {} is {}: nothing to accept", id,
                                              to_string(found->second.state)));
  }
  std::int64_t low = -1;
  std::int64_t high = -1;
  const auto error = rd_kafka_query_watermark_offsets(handle_.get(), config_.topic.c_str(), id,
                                                      &low, &high, kRequestMs);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
    return fail(Code::kUnavailable,
                fmt::format("partition {} does not answer: {}", id, rd_kafka_err2str(error)));
  const std::scoped_lock lock(mutex_);
  const auto& stored = partitions_[id].stored;
  PartitionPosition position;
  position.partition = id;
  position.incarnation = stored ? stored->incarnation + 1 : 1;
  position.replay_until = high;
  return position;
}

}  // namespace meterbill
