#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "domain/gap.h"
#include "ports/source.h"
#include "sim/sim_broker.h"

namespace meterbill::sim {

/// Which records were handed to the worker, and of which of them it kept what they did: a log of
/// the edge between the two, whatever the worker says of itself. Outlives the worker's processes.
/// One log of each partition: not for topics that are made anew or cut, nor for a ledger set back.
class Reads {
 public:
  /// A source begins behind these positions: what was handed over before and stands below them was
  /// kept, the rest is lost with the process that had it.
  void begin(std::span<const PartitionPosition> positions);
  void hand_over(std::int32_t partition, std::int64_t offset) {
    pending_.emplace_back(partition, offset);
  }
  /// What stands below these positions is kept.
  void committed(std::span<const PartitionPosition> positions);
  /// Nothing of what was handed over and is not committed yet is kept; or all of it is, if the
  /// process dies of what failed behind its commit: the positions of the next one tell.
  void rejected();

  [[nodiscard]] bool is_kept(std::int32_t partition, std::int64_t offset) const;
  /// At the end, with the ledger's positions and gaps: of each partition, from the first record
  /// that was kept to the position, each one that was not kept has expired and is in one gap, and
  /// no other one is.
  void judge(std::span<const PartitionPosition> positions, std::span<const Gap> gaps,
             std::span<const Expired> expired, std::vector<std::string>& findings) const;

 private:
  std::vector<std::pair<std::int32_t, std::int64_t>> pending_;   ///< partition, offset
  std::vector<std::pair<std::int32_t, std::int64_t>> doubtful_;  ///< rejected last
  std::map<std::int32_t, std::vector<bool>> kept_;               ///< by offset
};

}  // namespace meterbill::sim
