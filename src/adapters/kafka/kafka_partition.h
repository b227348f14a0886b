#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "ports/source.h"

namespace meterbill {

/// What to do with a partition, decided from its stored position and the log's bounds [low, high).
/// Pure, so that every hazard of a lost, cut or recreated log (docs/decisions/0003) is a row in a
/// test.
struct StartPlan {
  enum class Kind {
    kBeginning,  ///< nothing stored, or an incarnation just accepted: read everything there is
    kVerify,     ///< read from the anchor: the first record must be it
    kContinue,   ///< the anchor has expired but nothing after it is missing: go on at next_offset
    kGap,        ///< retention removed records that were never read: go on at `low`, say so
    kHalt,       ///< the log is not the one that was read: only the operator can tell
  };
  Kind kind = Kind::kBeginning;
  std::int64_t offset = 0;  ///< where to read from
  std::string reason;       ///< of kGap and kHalt
};

[[nodiscard]] StartPlan plan_start(const std::optional<PartitionPosition>& stored, std::int64_t low,
                                   std::int64_t high);

}  // namespace meterbill
