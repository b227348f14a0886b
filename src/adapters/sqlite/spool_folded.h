#pragma once

#include <optional>

#include "adapters/sqlite/spool_places.h"
#include "adapters/sqlite/sqlite_db.h"
#include "ports/folded.h"

namespace meterbill {

// What was folded so far stands in the spool's file: whoever looks at a bill months later may want
// to know why a machine's use is in `other`, and the agent may have been restarted since.

/// Adds rows to what was folded; folding goes on. Runs within the caller's transaction.
[[nodiscard]] Result<void> add_folded(SqliteDb& db, const FoldedRows& more, UtcTime now);

/// There is room again. Runs within the caller's transaction.
[[nodiscard]] Result<void> end_folding(SqliteDb& db);

[[nodiscard]] Result<std::optional<Folded>> read_folded(SqliteDb& db);

}  // namespace meterbill
