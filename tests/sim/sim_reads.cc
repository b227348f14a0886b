#include "sim/sim_reads.h"

#include <fmt/format.h>

#include <set>

namespace meterbill::sim {

void Reads::begin(std::span<const PartitionPosition> positions) {
  pending_.insert(pending_.end(), doubtful_.begin(), doubtful_.end());
  doubtful_.clear();
  committed(positions);
  pending_.clear();
}

void Reads::rejected() {
  doubtful_.insert(doubtful_.end(), pending_.begin(), pending_.end());
  pending_.clear();
}

void Reads::committed(std::span<const PartitionPosition> positions) {
  // None: only that the ledger can be written again, be it told to a process that begins.
  if (!positions.empty()) doubtful_.clear();
  for (const PartitionPosition& position : positions)
    std::erase_if(pending_, [&](const auto& record) {
      const auto [partition, offset] = record;
      if (partition != position.partition || offset >= position.next_offset) return false;
      std::vector<bool>& kept = kept_[partition];
      const auto index = static_cast<std::size_t>(offset);
      if (kept.size() <= index) kept.resize(index + 1);
      kept[index] = true;
      return true;
    });
}

bool Reads::is_kept(std::int32_t partition, std::int64_t offset) const {
  const auto found = kept_.find(partition);
  const auto index = static_cast<std::size_t>(offset);
  return found != kept_.end() && index < found->second.size() && found->second[index];
}

void Reads::judge(std::span<const PartitionPosition> positions, std::span<const Gap> gaps,
                  std::span<const Expired> expired, std::vector<std::string>& findings) const {
  std::set<std::pair<std::int32_t, std::int64_t>> taken;
  for (const Expired& record : expired) taken.emplace(record.partition, record.offset);
  std::map<std::pair<std::int32_t, std::int64_t>, int> told;
  for (const Gap& gap : gaps)
    for (std::int64_t offset = gap.from; offset <= gap.to; ++offset) {
      ++told[{gap.partition, offset}];
    }
  for (const PartitionPosition& position : positions) {
    const std::int32_t partition = position.partition;
    std::int64_t offset = 0;
    while (offset < position.next_offset && !is_kept(partition, offset)) ++offset;
    for (; offset < position.next_offset; ++offset) {
      const auto found = told.extract({partition, offset});
      const int times = found ? found.mapped() : 0;
      const int expected = is_kept(partition, offset) ? 0 : 1;
      const auto where = [&] { return fmt::format("record {} of {}", offset, partition); };
      if (times != expected)
        findings.push_back(fmt::format("{}: {} and in {} gaps", where(),
                                       expected == 0 ? "read" : "not read", times));
      if (expected == 1 && !taken.contains({partition, offset}))
        findings.push_back(where() + " was passed over and had not expired");
    }
  }
  for (const auto& [record, times] : told)
    findings.push_back(
        fmt::format("record {} of {}: in a gap where none can be", record.second, record.first));
}

}  // namespace meterbill::sim
