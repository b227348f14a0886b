#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "domain/slot.h"

namespace meterbill {

/// Records of one partition that expired before they were read. What readings in them said, later
/// readings say again; samples and usage events in them are lost. Records that expired before
/// anything of the partition was read are no gap.
struct Gap {
  std::string source = {};  ///< in the ledger: `kafka:<cluster id>/<topic>`
  std::int32_t partition = 0;
  std::int64_t incarnation = 1;  ///< of the partition's log
  std::int64_t from = 0;         ///< offset of the first record that was not read
  std::int64_t to = 0;           ///< of the last one; >= from
  /// Record time of the last record that was read before it; absent: not known.
  std::optional<UtcTime> after = {};
  UtcTime detected = {};  ///< when the position moved past it

  [[nodiscard]] std::int64_t records() const { return to - from + 1; }
  /// Whether one of its records may have been of that time, going by when records are sent.
  [[nodiscard]] bool may_touch(SlotRange period) const;
  friend bool operator==(const Gap&, const Gap&) = default;
};

/// "records 5 to 9 of partition 0 expired unread".
[[nodiscard]] std::string to_string(const Gap& gap);

/// What follows for bills, as a sentence.
inline constexpr const char* kGapMeaning =
    "What readings in it said, later readings say again; samples and usage events in it are lost.";

}  // namespace meterbill
