#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "domain/coverage.h"
#include "domain/names.h"
#include "domain/slot.h"
#include "ports/ledger_store.h"
#include "worker/queries.h"

namespace meterbill {

/// How much of the time of all machines was metered, estimated, off and missing in the last day,
/// and the machines of which most is missing: what status and metrics say without reading a row.
struct RecentCoverage {
  /// Bounds what is listed, however many machines there are.
  static constexpr std::size_t kListedMax = 20;

  struct Machine {
    MachineId machine;
    Coverage coverage;
    friend bool operator==(const Machine&, const Machine&) = default;
  };

  SlotRange slots;                  ///< a day, with the slot in progress
  UtcTime looked;                   ///< when the look began
  std::int64_t took_us = 0;         ///< how long it took
  Coverage sum;                     ///< of all machines
  std::int64_t machines = 0;        ///< of which time was expected or covered
  std::int64_t with_missing = 0;    ///< of these, those with missing time
  std::int64_t with_estimated = 0;  ///< and with estimated time
  std::int64_t without_time = 0;    ///< beside these: only samples and usage events, tell no time
  /// At most kListedMax: most missing first, then most estimated, then by name.
  std::vector<Machine> listed;

  [[nodiscard]] std::int64_t not_listed() const {
    return machines - static_cast<std::int64_t>(listed.size());
  }
  /// Adds one machine.
  void add(const MachineId& machine, const Coverage& coverage);
};

/// Reads the rows of a day: page by page, each of one commit, so that no look holds back the
/// ledger's housekeeping for long. In a slot that ended less than five minutes ago only what is
/// covered is due, for its last readings may be under way. kUnavailable when `stop` was requested.
[[nodiscard]] Result<RecentCoverage> look_at_coverage(
    const Queries& queries, LedgerReader& ledger, const Clock& clock, const std::stop_token& stop,
    std::size_t machines_a_page = Queries::kUsageRowsMax);

}  // namespace meterbill
