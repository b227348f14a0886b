#pragma once

#include <optional>
#include <string_view>

#include "adapters/sqlite/segment_totals.h"
#include "adapters/sqlite/sqlite_ledger_connection.h"
#include "ports/ledger_store.h"

// One stored value each, of the row a query stands on; kDamaged when it is not what was written.
namespace meterbill::ledger_queries {

[[nodiscard]] Result<Slot> slot_at(LedgerQuery& query, int column);
[[nodiscard]] std::optional<UtcTime> time_at(LedgerQuery& query, int column);
/// The totals of one of a machine's segments, read once into `segments`, which are all of that
/// machine; none stored: empty. Valid until the next call. A failure names machine and segment.
[[nodiscard]] Result<SegmentTotals*> segment_in(FlatMap<Slot, SegmentTotals>& segments,
                                                LedgerConnection& ledger, MachineKey machine,
                                                Slot segment);
/// Of four columns from `column` on: last_seen_us, percent_us, cpu_usage_percent,
/// memory_usage_percent.
[[nodiscard]] Sighting sighting_at(LedgerQuery& query, int column);
void bind_sighting(LedgerQuery& query, int parameter, const Sighting& seen);
/// Of columns epoch, machine, name, boot, label_set and those of its sighting.
[[nodiscard]] EpochFacts epoch_at(LedgerQuery& query);
/// Unpack a row or totals; a failure names machine and slot.
[[nodiscard]] Result<UsageRow> row_at(LedgerConnection& ledger, RowKey key,
                                      std::string_view packed);
[[nodiscard]] Result<SegmentTotals> totals_at(LedgerConnection& ledger, MachineKey machine,
                                              Slot segment, std::string_view packed);

}  // namespace meterbill::ledger_queries
