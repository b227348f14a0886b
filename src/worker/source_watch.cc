#include "worker/source_watch.h"

namespace meterbill {
namespace {

constexpr std::int64_t kLastedUs = 5'000'000;
constexpr std::int64_t kAgainUs = std::int64_t{600} * 1'000'000;

}  // namespace

void SourceWatch::see(const std::string& source, const SourceStatus& state, std::int64_t now_us) {
  const bool is_whole = !state.ready && !state.ill_partition;
  see({source, std::nullopt}, is_whole ? state.reason : "", now_us);
  for (const PartitionStatus& partition : state.partitions) {
    const Subject subject{source, partition.partition};
    const bool is_ill =
        partition.state == PartitionState::kHalted || state.ill_partition == partition.partition;
    see(subject, is_ill ? partition.reason : "", now_us);
  }
}

void SourceWatch::see(const Subject& subject, const std::string& reason, std::int64_t now_us) {
  const auto known = troubles_.find(subject);
  if (reason.empty()) {
    if (known == troubles_.end()) return;
    const Trouble over = std::move(known->second);
    troubles_.erase(known);
    if (over.told.empty()) return;
    events_.source_ready_again({subject.first, subject.second, "", now_us - over.since_us});
    return;
  }
  if (known == troubles_.end()) {
    troubles_[subject] = {now_us, reason, now_us, "", 0};
    return;
  }
  Trouble& trouble = known->second;
  if (trouble.reason != reason) {
    trouble.reason = reason;
    trouble.reason_since_us = now_us;
  }
  if (!is_worth_a_line(trouble, now_us)) return;
  trouble.told = reason;
  trouble.told_at_us = now_us;
  events_.source_not_ready({subject.first, subject.second, reason, now_us - trouble.since_us});
}

bool SourceWatch::is_worth_a_line(const Trouble& trouble, std::int64_t now_us) {
  if (trouble.told.empty()) return now_us - trouble.since_us >= kLastedUs;
  // One reason that turns into another and back with every try is no news.
  if (trouble.told != trouble.reason && now_us - trouble.reason_since_us >= kLastedUs) return true;
  return now_us - trouble.told_at_us >= kAgainUs;
}

}  // namespace meterbill
