#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "domain/hold.h"
#include "domain/usage_row.h"

namespace meterbill {

/// How much of one slot its billed epochs cover. Why not their sum: two agents on one kernel, which
/// an operator has kept or summed, cover the same time twice, and what neither of them saw would
/// not be missing.
class SlotCover {
 public:
  /// The billed epochs of one row. Rows of several machines may be added: a boot that was renamed
  /// to this machine covers its slots, too.
  void add(const UsageRow& row, const BootOf& boot_of,
           const std::function<bool(EpochKey)>& is_billed);

  /// Of epochs of one boot that overlap, no more than the time of the boot clock that they hold
  /// together; of all, metered, then estimated, then off, each clipped to what is left of 900 s
  /// (clock steps can make them more). `from_us`, `to_us` are 0.
  [[nodiscard]] Cover finish() const;

 private:
  std::vector<std::pair<BootId, Cover>> covers_;
};

/// The cover of a slot that one row alone is of.
[[nodiscard]] Cover slot_cover(const UsageRow& row, const BootOf& boot_of,
                               const std::function<bool(EpochKey)>& is_billed);

}  // namespace meterbill
