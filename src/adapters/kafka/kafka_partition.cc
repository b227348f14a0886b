#include "adapters/kafka/kafka_partition.h"

#include <fmt/format.h>

namespace meterbill {

StartPlan plan_start(const std::optional<PartitionPosition>& stored, std::int64_t low,
                     std::int64_t high) {
  using Kind = StartPlan::Kind;
  if (!stored || (!stored->anchor && stored->next_offset == 0)) return {Kind::kBeginning, low, ""};
  const std::int64_t next = stored->next_offset;
  if (high < next)
    return {
        Kind::kHalt, 0,
        fmt::format("the log ends at {} but {} was read already: the topic was recreated or cut",
                    high, next)};
  if (low > next)
    return {Kind::kGap, low,
            fmt::format("records {} to {} were removed before they were read", next, low - 1)};
  if (stored->anchor && stored->anchor->offset >= low)
    return {Kind::kVerify, stored->anchor->offset, ""};
  return {Kind::kContinue, next, ""};
}

}  // namespace meterbill
