#include "adapters/kafka/kafka_partitions.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace meterbill {

std::int64_t KafkaPartitions::incarnation_of(const Partition& partition) {
  return partition.stored ? partition.stored->incarnation : PartitionPosition{}.incarnation;
}

void KafkaPartitions::start(const std::vector<PartitionPosition>& positions) {
  for (const PartitionPosition& position : positions) {
    Partition& partition = partitions_[position.partition];
    partition.next_offset = position.next_offset;
    partition.stored = position;
  }
  started_ = true;
  replan();
}

void KafkaPartitions::committed(std::span<const PartitionPosition> positions) {
  ledger_trouble_.clear();
  for (const PartitionPosition& position : positions) {
    Partition& partition = partitions_[position.partition];
    if (position.incarnation != incarnation_of(partition)) {
      forget_gap(position.partition, partition);
      partition = Partition{};
      partition.next_offset = position.next_offset;
      replan();
    }
    partition.stored = position;
    if (!partition.gap.empty() && position.next_offset > partition.gap_end) {
      partition.gap.clear();
      if (partition.state == PartitionState::kGap) run(partition);
    }
  }
}

void KafkaPartitions::forget_gap(std::int32_t id, Partition& partition) {
  partition.gap.clear();
  std::erase_if(gaps_, [id](const Gap& gap) { return gap.partition == id; });
}

void KafkaPartitions::rejected(const std::string& reason) {
  ledger_trouble_ = reason;
  for (auto& [id, partition] : partitions_) {
    const std::int64_t applied = partition.stored ? partition.stored->next_offset : 0;
    if (partition.next_offset == applied) continue;
    partition.next_offset = applied;
    replan();
    forget_gap(id, partition);
  }
}

Result<void> KafkaPartitions::may_accept(std::int32_t id) const {
  const auto found = partitions_.find(id);
  if (found == partitions_.end())
    return fail(Code::kNotFound, fmt::format("the topic has no partition {}", id));
  const Partition& partition = found->second;
  if (!partition.exists)
    return fail(Code::kInvalid,
                fmt::format("partition {} is gone: nothing to accept until it is there", id));
  if (!partition.needs_accept)
    return fail(Code::kInvalid, fmt::format("partition {} is {}: nothing to accept", id,
                                            to_string(partition.state)));
  return ok();
}

PartitionPosition KafkaPartitions::new_incarnation(std::int32_t id, std::int64_t high) const {
  PartitionPosition position;
  position.partition = id;
  const auto found = partitions_.find(id);
  position.incarnation = found == partitions_.end() ? 1 : incarnation_of(found->second) + 1;
  position.replay_until = high;
  return position;
}

void KafkaPartitions::see_unreachable(std::string reason) { unreachable_ = std::move(reason); }

void KafkaPartitions::gone(Partition& partition, const std::string& reason) {
  if (partition.is_read) replan();
  partition.is_read = false;
  partition.exists = false;
  partition.was_gone = true;
  if (partition.needs_accept) return;
  partition.state = PartitionState::kHalted;
  partition.reason = reason;
}

void KafkaPartitions::see_topic(const KafkaTopicFacts& facts) {
  unreachable_.clear();
  topic_trouble_ = facts.trouble;
  for (auto& [id, partition] : partitions_) partition.bounds.reset();
  if (!facts.trouble.empty()) return;
  std::map<std::int32_t, std::string> troubles;
  for (const auto& partition : facts.partitions) troubles[partition.id] = partition.trouble;
  // Of a partition nothing was read of, nothing can be missing.
  std::erase_if(partitions_, [&](const auto& entry) {
    const Partition& partition = entry.second;
    return !troubles.contains(entry.first) && !partition.stored && partition.next_offset == 0;
  });
  for (auto& [id, partition] : partitions_)
    if (!troubles.contains(id))
      gone(partition,
           facts.exists ? "the topic no longer has this partition: it was made anew or damaged"
                        : "the topic is gone; if it is made anew, its partitions must be accepted");
  if (!facts.exists && partitions_.empty())
    topic_trouble_ = "no such topic; create it, or start the first agent";
  for (const auto& [id, trouble] : troubles) {
    Partition& partition = partitions_[id];
    partition.exists = true;
    partition.can_be_asked = trouble.empty();
    if (!trouble.empty()) see_trouble(id, trouble);
  }
}

KafkaPartitions::Subject KafkaPartitions::subject_of(std::int32_t id, const Partition& partition) {
  const std::optional<Anchor> newest = partition.stored ? partition.stored->anchor : std::nullopt;
  return {id, partition.next_offset, partition.is_read,
          partition.proven ? partition.proven : newest, newest};
}

std::vector<KafkaPartitions::Subject> KafkaPartitions::subjects() const {
  std::vector<Subject> subjects;
  for (const auto& [id, partition] : partitions_)
    if (partition.exists && partition.can_be_asked) subjects.push_back(subject_of(id, partition));
  return subjects;
}

std::vector<KafkaPartitions::Subject> KafkaPartitions::staged_subjects() const {
  std::vector<Subject> subjects;
  for (const auto& [id, partition] : partitions_)
    if (partition.is_read && partition.staged_offset > partition.next_offset)
      subjects.push_back(subject_of(id, partition));
  return subjects;
}

void KafkaPartitions::see_bounds(const Subject& subject, KafkaBounds bounds) {
  Partition& partition = partitions_[subject.id];
  partition.bounds = bounds;
  partition.low = bounds.low;
  partition.end = std::max(partition.is_read ? partition.end : -1, bounds.high);
  if (partition.needs_accept) return;
  if (partition.is_read) {
    if (bounds.high < subject.next_offset) replan();
    return;
  }
  if (partition.looks_left > 0) {
    --partition.looks_left;
    partition.bounds.reset();
    return;
  }
  replan();
}

void KafkaPartitions::see_trouble(std::int32_t id, const std::string& reason) {
  Partition& partition = partitions_[id];
  partition.bounds.reset();
  if (partition.needs_accept) return;
  if (partition.is_read) replan();
  wait(partition, reason);
}

void KafkaPartitions::see_proof(const Subject& subject, LogProof proof) {
  Partition& partition = partitions_[subject.id];
  if (!partition.is_read) return;
  switch (proof) {
    case LogProof::kSame:
      partition.proven = subject.newest;
      return;
    case LogProof::kOther:
      halt_other_log(subject.id, partition, subject.proof->offset);
      return;
    case LogProof::kNone:
      // The plan that follows decides by the bounds.
      replan();
  }
}

void KafkaPartitions::wait(Partition& partition, const std::string& reason) {
  partition.is_read = false;
  partition.state = PartitionState::kWaiting;
  partition.reason = reason;
}

void KafkaPartitions::run(Partition& partition) {
  partition.was_gone = false;
  partition.short_looks = 0;
  partition.state = partition.gap.empty() ? PartitionState::kRunning : PartitionState::kGap;
  partition.reason = partition.gap;
}

void KafkaPartitions::halt(std::int32_t id, Partition& partition, const std::string& reason) {
  partition.is_read = false;
  partition.needs_accept = true;
  partition.state = PartitionState::kHalted;
  partition.reason = fmt::format(
      "{}; if that is right, `meterbill kafka accept --partition {}` reads it from its "
      "beginning",
      reason, id);
}

void KafkaPartitions::halt_other_log(std::int32_t id, Partition& partition, std::int64_t offset) {
  halt(id, partition,
       fmt::format("the record at {} is not the one that was applied: the topic was made anew or "
                   "cut",
                   offset));
  replan();
}

/// What is handed over counts as read, whether it is committed or not.
std::optional<PartitionPosition> KafkaPartitions::position_of(const Partition& partition) {
  std::optional<PartitionPosition> position = partition.stored;
  if (partition.next_offset > 0) {
    if (!position) position.emplace();
    position->next_offset = partition.next_offset;
  }
  // The older anchor says more: the log was the same then, and everything since came after it.
  const auto& proven = partition.proven;
  if (position && proven && proven->offset >= partition.bounds->low) position->anchor = proven;
  return position;
}

std::optional<std::int64_t> KafkaPartitions::decide(std::int32_t id, Partition& partition) {
  const auto position = position_of(partition);
  StartPlan plan = plan_start(position, partition.bounds->low, partition.bounds->high);
  using Kind = StartPlan::Kind;
  if (plan.kind == Kind::kHalt && ++partition.short_looks < kShortLooks) {
    wait(partition, plan.reason);
    return std::nullopt;
  }
  if (partition.was_gone && (plan.kind == Kind::kContinue || plan.kind == Kind::kGap))
    plan = {Kind::kHalt, 0, "the topic was gone, and nothing that was read is left in it"};
  if (plan.kind == Kind::kHalt) {
    halt(id, partition, plan.reason);
    return std::nullopt;
  }
  if (plan.kind == Kind::kVerify) {
    partition.verify = position->anchor;
    if (partition.state == PartitionState::kHalted || partition.state == PartitionState::kWaiting)
      wait(partition, "making sure that the log is the one read before");
    return plan.offset;
  }
  if (plan.kind == Kind::kGap) {
    gaps_.push_back({.partition = id,
                     .incarnation = incarnation_of(partition),
                     .from = position->next_offset,
                     .to = plan.offset - 1});
    partition.next_offset = plan.offset;
    partition.gap = plan.reason;
    partition.gap_end = plan.offset;
  }
  run(partition);
  return plan.offset;
}

std::optional<KafkaPartitions::Plan> KafkaPartitions::plan() {
  if (!started_ || wanted_ == planned_) return std::nullopt;
  planned_ = wanted_;
  Plan plan{planned_, {}};
  for (auto& [id, partition] : partitions_) {
    partition.is_read = false;
    partition.verify.reset();
    if (!partition.exists || partition.needs_accept || !partition.bounds) continue;
    const auto offset = decide(id, partition);
    if (!offset) continue;
    partition.is_read = true;
    partition.staged_offset = partition.next_offset;
    plan.starts.push_back({id, *offset});
  }
  return plan;
}

bool KafkaPartitions::is_unsettled() const {
  if (!started_ || wanted_ != planned_ || partitions_.empty() || !topic_trouble_.empty())
    return true;
  return std::ranges::any_of(partitions_, [](const auto& entry) {
    return !entry.second.is_read && !entry.second.needs_accept;
  });
}

bool KafkaPartitions::stage(std::int32_t id, std::int64_t offset,
                            const std::function<Sha256()>& digest) {
  const auto found = partitions_.find(id);
  if (found == partitions_.end() || !found->second.is_read) return false;
  Partition& partition = found->second;
  if (partition.verify) {
    if (offset != partition.verify->offset || digest() != partition.verify->digest) {
      halt_other_log(id, partition, partition.verify->offset);
      return false;
    }
    partition.proven = std::exchange(partition.verify, std::nullopt);
    run(partition);
  }
  if (offset < partition.staged_offset) return false;
  partition.staged_offset = offset + 1;
  partition.errors = 0;
  return true;
}

void KafkaPartitions::hand_over(std::int32_t id, std::int64_t offset) {
  partitions_[id].next_offset = offset + 1;
}

void KafkaPartitions::take_error(std::int32_t id, const std::string& reason) {
  const auto found = partitions_.find(id);
  if (found == partitions_.end() || !found->second.is_read) return;
  Partition& partition = found->second;
  // At once the first time: the position may just be out of range. Then less and less often.
  partition.looks_left = partition.errors == 0 ? 0 : 1 << std::min(partition.errors, 6);
  ++partition.errors;
  wait(partition, reason);
  replan();
}

std::vector<std::int32_t> KafkaPartitions::read_ids() const {
  std::vector<std::int32_t> ids;
  for (const auto& [id, partition] : partitions_)
    if (partition.is_read) ids.push_back(id);
  return ids;
}

void KafkaPartitions::see_end(std::int32_t id, std::int64_t end) {
  const auto found = partitions_.find(id);
  if (found != partitions_.end() && end >= 0) found->second.end = end;
}

SourceStatus KafkaPartitions::status() const {
  SourceStatus status;
  if (!unreachable_.empty())
    status.reason = unreachable_;
  else if (!topic_trouble_.empty())
    status.reason = topic_trouble_;
  else if (!started_ || partitions_.empty())
    status.reason = "starting";
  else
    status.reason = ledger_trouble_;
  for (const auto& [id, partition] : partitions_) {
    PartitionStatus shown{id, partition.state, partition.reason,
                          std::max(partition.next_offset, partition.low), partition.end};
    const bool is_ill =
        shown.state == PartitionState::kHalted || shown.state == PartitionState::kWaiting;
    if (is_ill && status.reason.empty()) {
      status.reason = fmt::format("partition {} {}: {}", id, to_string(shown.state), shown.reason);
      status.ill_partition = id;
    }
    status.partitions.push_back(std::move(shown));
  }
  // A cause that they share is said in full once, above.
  if (!unreachable_.empty())
    status.stand_still("no broker answers");
  else if (!ledger_trouble_.empty())
    status.stand_still("the ledger takes nothing");
  status.ready = status.reason.empty();
  return status;
}

}  // namespace meterbill
