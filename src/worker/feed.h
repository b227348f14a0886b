#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "ports/source.h"
#include "worker/item_rate.h"

namespace meterbill {

/// A source and how far it is applied. Of the apply thread.
struct Feed {
  Source* source = nullptr;
  std::string name;  ///< in the ledger; empty until the source knows it
  std::int64_t fence = 0;
  std::map<std::int32_t, PartitionPosition> positions;
  std::map<std::int32_t, std::int64_t> expired;  ///< records in gaps, by partition
  Counts counts;
  ItemRate rate;
};

}  // namespace meterbill
