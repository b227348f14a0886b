#include "sim/sim_kafka_source.h"

#include "adapters/kafka/kafka_message.h"

namespace meterbill::sim {

std::string KafkaSourceModel::name() const {
  return has_answered_ ? "kafka:model/resource_usage" : "";
}

void KafkaSourceModel::look() {
  if (!broker_.is_up) {
    all_.see_unreachable("no broker answers");
    return;
  }
  has_answered_ = true;
  KafkaTopicFacts facts;
  facts.cluster_id = "model";
  facts.exists = true;
  for (std::size_t id = 0; id < broker_.logs().size(); ++id)
    facts.partitions.push_back({static_cast<std::int32_t>(id), ""});
  all_.see_topic(facts);
  for (const KafkaPartitions::Subject& subject : all_.subjects()) look_at(subject);
  const auto plan = all_.plan();
  if (!plan) return;
  generation_ = plan->generation;
  staged_.clear();
  reader_.clear();
  for (const KafkaStart& start : plan->starts) reader_[start.partition] = start.offset;
}

void KafkaSourceModel::look_at(const KafkaPartitions::Subject& subject) {
  const Log& log = broker_.logs()[static_cast<std::size_t>(subject.id)];
  if (!subject.is_read) {
    all_.see_bounds(subject, {log.low, log.high()});
    return;
  }
  const LogProof proof = prove(subject, log);
  all_.see_bounds(subject, {log.low, log.high()});
  all_.see_proof(subject, proof);
}

LogProof KafkaSourceModel::prove(const KafkaPartitions::Subject& subject, const Log& log) const {
  for (const std::optional<Anchor>& anchor : {subject.proof, subject.newest}) {
    if (!anchor || anchor->offset < log.low) continue;
    if (anchor->offset >= log.high()) return LogProof::kNone;
    return compare(log, *anchor);
  }
  return LogProof::kSame;
}

LogProof KafkaSourceModel::compare(const Log& log, const Anchor& anchor) const {
  const Delivery* const found = log.at(anchor.offset);
  const bool is_same =
      found != nullptr && anchor.offset >= log.low && digest(*found) == anchor.digest;
  return is_same ? LogProof::kSame : LogProof::kOther;
}

bool KafkaSourceModel::prove_staged() {
  if (!broker_.is_up) return false;
  for (const KafkaPartitions::Subject& subject : all_.staged_subjects()) {
    if (!subject.proof) continue;
    const Log& log = broker_.logs()[static_cast<std::size_t>(subject.id)];
    const LogProof proof = compare(log, *subject.proof);
    if (proof != LogProof::kSame) return false;
    all_.see_proof(subject, proof);
  }
  return true;
}

void KafkaSourceModel::stage_from(std::int32_t id, std::int64_t& next, std::size_t max) {
  const auto index = static_cast<std::size_t>(id);
  if (index >= broker_.logs().size()) return;
  const Log& log = broker_.logs()[index];
  if (next > log.high() || next < log.low) {
    // auto.offset.reset=error. The client may also say nothing for a while.
    if (random_.chance(50)) all_.take_error(id, "offset out of range");
    return;
  }
  while (staged_.size() < max && next < log.high()) {
    const Delivery& delivery = *log.at(next);
    if (all_.stage(id, next, [&] { return digest(delivery); }))
      staged_.push_back({delivery, {id, next}, 0});
    if (!all_.is_current(generation_)) return;
    ++next;
  }
}

void KafkaSourceModel::stage(std::size_t max) {
  for (auto& [id, next] : reader_) {
    stage_from(id, next, max);
    if (!all_.is_current(generation_)) return;
  }
}

void KafkaSourceModel::poll(std::vector<Arrival>& into, std::size_t max) {
  if (is_frozen) return;
  if (all_.needs_plan()) look();
  if (!broker_.is_up || !all_.is_current(generation_)) return;
  if (!is_reliable && random_.one_in(50) && !reader_.empty()) {
    all_.take_error(reader_.begin()->first, "the connection was cut");
    return;
  }
  stage(static_cast<std::size_t>(random_.between(1, static_cast<std::int64_t>(max))));
  if (!staged_.empty()) {
    before_proof();
    if (!prove_staged()) look();
  }
  if (!all_.is_current(generation_)) staged_.clear();
  for (Arrival& arrival : staged_) {
    all_.hand_over(arrival.position.partition, arrival.position.offset);
    reads_.hand_over(arrival.position.partition, arrival.position.offset);
    into.push_back(std::move(arrival));
  }
  staged_.clear();
  for (const std::int32_t id : all_.read_ids())
    all_.see_end(id, broker_.logs()[static_cast<std::size_t>(id)].high());
}

Result<void> KafkaSourceModel::start(std::vector<PartitionPosition> positions) {
  all_.start(positions);
  reads_.begin(positions);
  return ok();
}

Sha256 KafkaSourceModel::digest(const Delivery& delivery) const { return anchor_digest(delivery); }

void KafkaSourceModel::committed(std::span<const PartitionPosition> positions) {
  all_.committed(positions);
  reads_.committed(positions);
}

void KafkaSourceModel::rejected(const std::string& reason) {
  staged_.clear();
  all_.rejected(reason);
  reads_.rejected();
}

Result<PartitionPosition> KafkaSourceModel::accept(std::int32_t id) {
  MB_TRYV(all_.may_accept(id));
  if (!broker_.is_up) return fail(Code::kUnavailable, "no broker answers");
  return all_.new_incarnation(id, broker_.logs()[static_cast<std::size_t>(id)].high());
}

}  // namespace meterbill::sim
