#include "adapters/kafka/kafka_watch.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "adapters/kafka/kafka_message.h"

namespace meterbill {
namespace {

constexpr int kRequestMs = 3'000;
constexpr int kAcceptMs = 2'000;
constexpr std::chrono::milliseconds kRefresh{30'000};
constexpr std::chrono::milliseconds kRetry{500};
/// What happens at once is looked at once.
constexpr std::chrono::milliseconds kPause{20};

}  // namespace

Result<std::shared_ptr<KafkaWatch>> KafkaWatch::create(const KafkaConfig& config) {
  std::shared_ptr<KafkaWatch> watch{new KafkaWatch(config)};
  MB_TRY(watch->topic_, KafkaTopic::create(config, watch->signals_));
  // A reader's properties are others than the topic's: what is wrong with them is told now.
  MB_TRYV(make_kafka_conf(config, common_kafka_defaults(), forced_consumer_properties()));
  return watch;
}

void KafkaWatch::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const bool is_settled = look();
    signals_->arrived();
    std::erase_if(retired_, [](const auto& reader) { return reader.use_count() <= 1; });
    std::unique_lock lock(pause_mutex_);
    pause_.wait_for(lock, stop, kPause, [] { return false; });
    lock.unlock();
    signals_->wait_for_look(stop, is_settled ? kRefresh : kRetry);
  }
}

std::string KafkaWatch::cluster_id() const {
  return cluster_id_.with([](const std::string& id) { return id; });
}

std::shared_ptr<KafkaReader> KafkaWatch::reader() const {
  return reader_.with([](const std::shared_ptr<KafkaReader>& reader) { return reader; });
}

Result<std::int64_t> KafkaWatch::end_of(std::int32_t partition) const {
  MB_TRY(const KafkaBounds bounds, topic_->bounds(partition, kAcceptMs));
  return bounds.high;
}

/// False: look again soon.
bool KafkaWatch::look() {
  const std::shared_ptr<KafkaReader> reader = this->reader();
  // Counted before anything is asked: what happens from now on is for the next look.
  const std::int64_t disturbances = reader ? reader->disturbances() : 0;
  if (!look_at_topic()) return false;
  bool is_complete = true;
  for (const KafkaPartitions::Subject& subject :
       partitions_.with([](const KafkaPartitions& all) { return all.subjects(); }))
    is_complete = look_at(subject) && is_complete;
  replace_reader();
  if (reader && is_complete) reader->prove(disturbances);
  return partitions_.with([](const KafkaPartitions& all) { return !all.is_unsettled(); });
}

bool KafkaWatch::look_at_topic() {
  const Result<KafkaTopicFacts> facts = topic_->facts(kRequestMs);
  std::string trouble;
  if (!facts) {
    trouble = fmt::format("{}: {}", config_.brokers, facts.error().message);
  } else if (facts.value().cluster_id.empty()) {
    trouble = fmt::format("{}: a broker without a cluster id is too old", config_.brokers);
  } else {
    const std::string known = cluster_id_.with([&](std::string& id) {
      if (id.empty()) id = facts.value().cluster_id;
      return id;
    });
    // Positions of one cluster mean nothing in another; a restart reads that one under its own
    // name.
    if (known != facts.value().cluster_id)
      trouble = fmt::format("{}: now cluster {}, but {} was read; restart to read the new one",
                            config_.brokers, facts.value().cluster_id, known);
  }
  return partitions_.with([&](KafkaPartitions& all) {
    if (!trouble.empty()) {
      all.see_unreachable(trouble);
      return false;
    }
    all.see_topic(facts.value());
    return facts.value().trouble.empty();
  });
}

/// The bounds of a log, and whether it still holds what was read. False: what is read of it is not
/// proven.
bool KafkaWatch::look_at(const KafkaPartitions::Subject& subject) {
  const Result<KafkaBounds> bounds = topic_->bounds(subject.id, kRequestMs);
  if (!bounds) {
    partitions_.with(
        [&](KafkaPartitions& all) { all.see_trouble(subject.id, bounds.error().message); });
    return !subject.is_read;
  }
  if (!subject.is_read) {
    partitions_.with([&](KafkaPartitions& all) { all.see_bounds(subject, bounds.value()); });
    return true;
  }
  Result<LogProof> proof = prove(subject, bounds.value());
  // The last word on a log: asked twice.
  if (proof && proof.value() == LogProof::kOther) proof = prove(subject, bounds.value());
  return partitions_.with([&](KafkaPartitions& all) {
    if (!proof) {
      all.see_trouble(subject.id, proof.error().message);
      return false;
    }
    all.see_bounds(subject, bounds.value());
    all.see_proof(subject, proof.value());
    return proof.value() == LogProof::kSame;
  });
}

Result<LogProof> KafkaWatch::prove(const KafkaPartitions::Subject& subject, KafkaBounds bounds) {
  for (const std::optional<Anchor>& anchor : {subject.proof, subject.newest}) {
    // Retention took it: the next one may be left.
    if (!anchor || anchor->offset < bounds.low) continue;
    if (anchor->offset >= bounds.high) return LogProof::kNone;
    MB_TRY(const KafkaRecord record, topic_->read_at(subject.id, anchor->offset, kRequestMs));
    return record.offset == anchor->offset && anchor_digest(record.delivery) == anchor->digest
               ? LogProof::kSame
               : LogProof::kOther;
  }
  return LogProof::kSame;
}

/// Carries out the next plan, if there is one.
void KafkaWatch::replace_reader() {
  const auto plan = partitions_.with([](KafkaPartitions& all) { return all.plan(); });
  if (!plan) return;
  std::shared_ptr<KafkaReader> next;
  if (!plan->starts.empty()) {
    auto made = KafkaReader::create(config_, plan->starts, plan->generation, signals_);
    if (made)
      next = std::move(made).value();
    else
      partitions_.with([&](KafkaPartitions& all) {
        for (const KafkaStart& start : plan->starts)
          all.see_trouble(start.partition, made.error().message);
      });
  }
  retired_.push_back(reader_.with(
      [&](std::shared_ptr<KafkaReader>& reader) { return std::exchange(reader, next); }));
}

}  // namespace meterbill
