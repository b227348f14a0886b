#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "base/result.h"
#include "ports/spool.h"

namespace meterbill {

/// Rows that went into `other`: how many, and of which slots (unix seconds).
struct FoldedRows {
  std::int64_t rows = 0;
  std::int64_t first_slot = INT64_MAX;
  std::int64_t last_slot = INT64_MIN;
  void add(std::int64_t slot, std::int64_t count) {
    rows += count;
    first_slot = std::min(first_slot, slot);
    last_slot = std::max(last_slot, slot);
  }
};

/// Where the parts of the slots that can still grow are booked: under their own names, or, while
/// the spool is nearly full, in `other`. A part never changes its place within (epoch, slot): the
/// other side may know it already, and would count it twice.
///
/// Pure, and in memory alone: totals are cumulative, so what `other` is to say follows only from
/// what it holds of each part, and no later run saves these epochs again. Each transaction works on
/// a copy that is kept with its commit.
class SpoolPlaces {
 public:
  /// The rows of a tick's totals: parts that are booked in `other`, which all new ones are while
  /// the spool is `tight`, come as one row a slot. Those that begin there are added to `folded`.
  [[nodiscard]] Result<std::vector<Reading>> rows_of(const EpochTotals& totals, bool tight,
                                                     FoldedRows& folded);

  /// What is not of `running`, or before `current`, is stored and cannot grow any more.
  void forget_final(const EpochId& running, Slot current);

 private:
  struct Parts {
    std::set<ScopeName> own;
    std::map<ScopeName, MeterTotals> in_other;  // `other` itself, too
  };
  std::map<std::pair<EpochId, Slot>, Parts> slots_;
};

}  // namespace meterbill
