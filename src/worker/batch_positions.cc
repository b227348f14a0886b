// How far a batch moves the positions of its sources.
#include <algorithm>
#include <map>
#include <utility>

#include "worker/batch.h"

namespace meterbill {

void Batch::follow(std::span<SourceBatch> portion) const {
  for (SourceBatch& batch : portion) {
    const auto moved = write_.positions.find(batch.source);
    if (moved == write_.positions.end()) continue;
    for (const PartitionPosition& position : moved->second)
      batch.positions[position.partition] = position;
  }
}

/// After the last arrival of each partition: what is below it was read, whatever became of it. And
/// past each gap: nothing in it can be read any more.
void Batch::advance_positions() {
  for (const SourceBatch& batch : batches_) {
    if (batch.route != Route::kKafka || batch.digests == nullptr) continue;
    std::map<std::int32_t, const Arrival*> last;
    for (const Arrival& read : batch.arrivals) {
      const Arrival*& newest = last[read.position.partition];
      if (newest == nullptr || newest->position.offset < read.position.offset) newest = &read;
    }
    std::map<std::int32_t, PartitionPosition> moved = batch.positions;
    for (const auto& [partition, newest] : last) {
      PartitionPosition& position = moved[partition];
      if (newest->position.offset < position.next_offset) continue;
      position.partition = partition;
      position.next_offset = newest->position.offset + 1;
      position.anchor = Anchor{newest->position.offset, batch.digests->digest(newest->delivery),
                               newest->delivery.recorded};
    }
    for (const Gap& gap : batch.gaps) pass(batch, gap, moved[gap.partition]);
    for (const auto& [partition, position] : moved) {
      const auto known = batch.positions.find(partition);
      if (known == batch.positions.end() || known->second != position)
        move_position(batch.source, position);
    }
  }
}

void Batch::move_position(const std::string& source, const PartitionPosition& position) {
  std::vector<PartitionPosition>& moved = write_.positions[source];
  const auto known = std::ranges::find(moved, position.partition, &PartitionPosition::partition);
  if (known == moved.end())
    moved.push_back(position);
  else
    *known = position;
}

/// Moves the position past the gap, which becomes part of the write set.
void Batch::pass(const SourceBatch& batch, Gap gap, PartitionPosition& position) {
  const auto known = batch.positions.find(gap.partition);
  if (known != batch.positions.end() && known->second.anchor)
    gap.after = known->second.anchor->recorded;
  for (const Arrival& read : batch.arrivals)
    if (read.position.partition == gap.partition && read.position.offset < gap.from)
      gap.after = read.delivery.recorded;
  gap.source = batch.source;
  gap.detected = now_;
  position.partition = gap.partition;
  position.next_offset = std::max(position.next_offset, gap.to + 1);
  write_.gaps.push_back(std::move(gap));
}

}  // namespace meterbill
