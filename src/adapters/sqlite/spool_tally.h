#pragma once

#include "adapters/sqlite/sqlite_db.h"
#include "ports/spool.h"

namespace meterbill {

/// How many rows there are, wait and are set aside, kept beside the rows: a tick asks for it twice,
/// and must not look at every row for the answer.
///
/// In temporary tables that triggers keep, so that no change can be forgotten, a rollback takes
/// them back as it takes the rows, and the file has not a byte more to write.
///
/// Counts what the file holds, once; from here on the connection keeps count. REQUIRES: the
/// spool's tables are there, and nobody else writes them.
[[nodiscard]] Result<void> begin_tally(SqliteDb& db);

/// All but `tight` and `folded`; its cost does not depend on the number of rows.
[[nodiscard]] Result<SpoolCounts> read_tally(SqliteDb& db);

}  // namespace meterbill
