#pragma once

#include <string>

#include "adapters/sqlite/sqlite_db.h"
#include "adapters/sqlite/sqlite_spool.h"
#include "base/clock.h"

namespace meterbill {

/// Opens the spool's file, checked from end to end, or creates it. A damaged one is kept under
/// another name, which `damaged` becomes, and a new one is begun.
[[nodiscard]] Result<SqliteDb> open_or_begin(const std::string& path,
                                             const SqliteSpoolOptions& options, UtcTime now,
                                             std::string& damaged);

/// Keeps a damaged file and its log under another name, which is returned:
/// "spool.db.damaged-2026-11-22T10:15:00Z". REQUIRES: nobody has the file open.
[[nodiscard]] Result<std::string> move_aside(const std::string& path, UtcTime now);

}  // namespace meterbill
