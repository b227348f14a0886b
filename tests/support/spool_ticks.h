#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "ports/spool.h"

namespace meterbill {

/// A reading of `cpu`; with a cover, as one of the machine has.
[[nodiscard]] inline Reading cpu_reading(Slot slot, std::int64_t cpu,
                                         const std::string& scope = "machine") {
  Reading reading;
  reading.slot = slot;
  reading.scope = ScopeName(scope);
  reading.used = {{MeterName("cpu"), cpu}};
  if (scope == "machine") reading.cover = Cover{};
  return reading;
}

/// What the agent saves in a tick, of an epoch that began in the slot at hand.
[[nodiscard]] inline TickRecord tick_of(std::int64_t epoch, std::vector<Reading> readings,
                                        Slot current) {
  TickRecord record;
  record.epochs.push_back({{.id = EpochId(fmt::format("{:032x}", epoch)),
                            .boot = BootId("b"),
                            .labels = {},
                            .started = current,
                            .machine = MachineId("web-9")},
                           std::move(readings)});
  record.current = current;
  record.checkpoint.boot = BootId("b");
  return record;
}

/// To acknowledge what was offered.
[[nodiscard]] inline std::vector<RowVersion> versions_of(const std::vector<PendingRow>& rows) {
  std::vector<RowVersion> found;
  found.reserve(rows.size());
  for (const PendingRow& row : rows) found.push_back(row.row_version());
  return found;
}

}  // namespace meterbill
