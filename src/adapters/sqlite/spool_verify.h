#pragma once

#include <vector>

#include "adapters/sqlite/sqlite_db.h"
#include "base/result.h"
#include "ports/spool_file.h"

namespace meterbill {

/// What in a spool's tables cannot be, at most kSpoolFaultsMax: the file's structure, each row by
/// itself, the rows of a slot, and rows and checkpoint, which are saved together.
[[nodiscard]] Result<std::vector<SpoolFault>> verify_spool(SqliteDb& db);

}  // namespace meterbill
