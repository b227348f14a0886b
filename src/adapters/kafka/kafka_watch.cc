#include "adapters/kafka/kafka_watch.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "adapters/kafka/kafka_message.h"
#include "adapters/kafka/kafka_probe.h"

namespace meterbill {
namespace {

constexpr int kRequestMs = 3'000;
constexpr int kAcceptMs = 2'000;
constexpr std::chrono::milliseconds kRetry{500};
/// What comes at once is proven at once.
constexpr std::chrono::milliseconds kPause{5};

/// The library names the address once more; of what it says only the cause is news.
std::string cause(const std::string& error) {
  const std::string words = plain_words(error);
  constexpr std::string_view kMark = " failed: ";
  const std::size_t found =
      words.starts_with("Connect to ") ? words.find(kMark) : std::string::npos;
  return found == std::string::npos ? words : words.substr(found + kMark.size());
}

std::string no_answer(const std::string& brokers, const std::string& error) {
  return fmt::format(
      "no broker answers at {}: {}; start it or correct worker.kafka, `meterbill kafka check` "
      "tells "
      "more; reading goes on by itself",
      brokers, cause(error));
}

}  // namespace

Result<std::shared_ptr<KafkaWatch>> KafkaWatch::create(const KafkaConfig& config) {
  std::shared_ptr<KafkaWatch> watch{new KafkaWatch(config)};
  MB_TRY(watch->topic_, KafkaTopic::create(config, watch->signals_));
  // A reader's properties are others than the topic's: what is wrong with them is told now.
  MB_TRYV(make_kafka_conf(config, common_kafka_defaults(), forced_consumer_properties()));
  watch->partitions_.with([&](KafkaPartitions& all) {
    all.see_unreachable("connecting to " + config.brokers + " for the first time");
  });
  return watch;
}

void KafkaWatch::run(const std::stop_token& stop) {
  auto next_look = std::chrono::steady_clock::now();
  while (!stop.stop_requested()) {
    const KafkaSignals::Wish wish = signals_->wait_for_wish(stop, next_look);
    if (stop.stop_requested()) return;
    // What cannot be proven for want of an answer needs a look.
    if (wish != KafkaSignals::Wish::kProof || !prove_staged()) {
      const bool is_settled = look();
      next_look = std::chrono::steady_clock::now() + (is_settled ? config_.look_every : kRetry);
    }
    signals_->arrived();
    std::erase_if(retired_, [](const auto& reader) { return reader.use_count() <= 1; });
    std::unique_lock lock(pause_mutex_);
    pause_.wait_for(lock, stop, kPause, [] { return false; });
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
  // Counted before anything is asked: what is staged from now on is for the next proof.
  const std::int64_t staged = staged_.load();
  if (!look_at_topic()) return false;
  bool is_proven = true;
  for (const KafkaPartitions::Subject& subject :
       partitions_.with([](const KafkaPartitions& all) { return all.subjects(); }))
    is_proven = look_at(subject) && is_proven;
  replace_reader();
  if (is_proven) proven_.store(staged);
  return partitions_.with([](const KafkaPartitions& all) { return !all.is_unsettled(); });
}

/// The short way: only the partitions that have something to hand over, and only their anchors.
bool KafkaWatch::prove_staged() {
  const std::int64_t staged = staged_.load();
  for (const KafkaPartitions::Subject& subject :
       partitions_.with([](const KafkaPartitions& all) { return all.staged_subjects(); })) {
    if (!subject.proof) continue;  // nothing was applied yet that could be missing
    const Result<LogProof> proof = compare(subject.id, *subject.proof);
    if (!proof || proof.value() != LogProof::kSame) return false;
    partitions_.with([&](KafkaPartitions& all) { all.see_proof(subject, proof.value()); });
  }
  proven_.store(staged);
  return true;
}

bool KafkaWatch::look_at_topic() {
  const Result<KafkaTopicFacts> facts = topic_->facts(kRequestMs);
  std::string trouble;
  if (!facts) {
    trouble = no_answer(config_.brokers, facts.error().message);
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
        [&](KafkaPartitions& all) { all.see_trouble(subject.id, cause(bounds.error().message)); });
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
      all.see_trouble(subject.id, cause(proof.error().message));
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
    return compare(subject.id, *anchor);
  }
  return LogProof::kSame;
}

Result<LogProof> KafkaWatch::compare(std::int32_t partition, const Anchor& anchor) {
  MB_TRY(const KafkaRecord record, topic_->read_at(partition, anchor.offset, kRequestMs));
  return record.offset == anchor.offset && anchor_digest(record.delivery) == anchor.digest
             ? LogProof::kSame
             : LogProof::kOther;
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
