#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "adapters/sqlite/sqlite_db.h"
#include "base/result.h"

namespace meterbill {

/// One step from a schema to the next; the step at index i leads to version i + 1.
struct Migration {
  const char* sql;
};

/// Every step since the first ledger. A released step is never edited: ledgers made by it exist.
[[nodiscard]] std::span<const Migration> ledger_migrations();

/// "MBLG": SQLite's application_id of a ledger, so that no other database is taken for one.
inline constexpr std::int64_t kLedgerApplicationId = 0x4D424C47;

/// What a file is, before it is used.
enum class LedgerState { kNew, kOlder, kCurrent };

/// kTooNew for a ledger of a later program, kInvalid for a database that is no ledger.
[[nodiscard]] Result<LedgerState> inspect_ledger(SqliteDb& db, std::span<const Migration> steps);

/// Brings the ledger in `db` to the last step, in one transaction. An older ledger is copied to
/// `<path>.before-<new version>` first, which replaces an earlier copy of that name: going back is
/// installing the older program and putting that copy in place. A failure leaves the ledger as it
/// was.
[[nodiscard]] Result<void> migrate_ledger(SqliteDb& db, const std::string& path,
                                          std::span<const Migration> steps);

}  // namespace meterbill
