#pragma once

#include <cstdint>
#include <stop_token>
#include <string>

#include "adapters/sqlite/sqlite_db.h"
#include "base/result.h"
#include "ports/ledger_store.h"

namespace meterbill {

/// What to do when the target of a copy exists.
enum class Existing { kRefuse, kReplace };

/// A connection of its own that sees the last commit of `path`, and goes on seeing that one.
[[nodiscard]] Result<SqliteDb> open_snapshot(const std::string& path);

/// Copies what `snapshot` sees into the one file `to` and returns its bytes; commits on other
/// connections go on meanwhile and do not reach the copy. The snapshot is closed as soon as its
/// pages are copied: until then the WAL of those commits cannot be moved into the file. The copy is
/// checked (integrity_check) and on disk (fsync) before it gets its name; until then it is
/// `<to>.partial`, which is removed first and after a failure.
///
/// kConflict: `to` exists and is to be kept. kDiskFull: also when there is too little room before
/// anything is copied. kUnavailable: `stop` was requested, or the WAL came to be longer than the
/// ledger (and 64 MiB): more is written than copied.
[[nodiscard]] Result<std::int64_t> copy_ledger(SqliteDb snapshot, const std::string& to,
                                               Existing existing, const std::stop_token& stop,
                                               const BackupProgress& progress);

}  // namespace meterbill
