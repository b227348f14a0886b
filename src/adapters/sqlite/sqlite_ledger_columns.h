#pragma once

#include <optional>
#include <string_view>

#include "adapters/sqlite/sqlite_ledger_connection.h"
#include "ports/ledger_store.h"

// One stored value each, of the row a query stands on; kDamaged when it is not what was written.
namespace meterbill::ledger_queries {

[[nodiscard]] Result<Slot> slot_at(LedgerQuery& query, int column);
[[nodiscard]] std::optional<UtcTime> time_at(LedgerQuery& query, int column);
[[nodiscard]] Result<Int128> quantity_at(LedgerQuery& query, int column);
/// Of columns epoch, machine, name, boot, label_set.
[[nodiscard]] EpochFacts epoch_at(LedgerQuery& query);
/// Unpacks a row; a failure names machine and slot.
[[nodiscard]] Result<UsageRow> row_at(LedgerConnection& ledger, RowKey key,
                                      std::string_view packed);

}  // namespace meterbill::ledger_queries
