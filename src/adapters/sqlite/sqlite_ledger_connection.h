#pragma once

#include <optional>
#include <string_view>

#include "adapters/sqlite/sqlite_db.h"
#include "base/result.h"

namespace meterbill {

/// What a LedgerConnection lends.
using LedgerQuery = SqliteQuery;

/// A read transaction; joins the one that is open, if any.
class LedgerSnapshot {
 public:
  [[nodiscard]] static Result<LedgerSnapshot> begin(SqliteDb& db);
  LedgerSnapshot(LedgerSnapshot&& other) noexcept : db_(std::exchange(other.db_, nullptr)) {}
  LedgerSnapshot& operator=(LedgerSnapshot&&) = delete;
  ~LedgerSnapshot();

 private:
  explicit LedgerSnapshot(SqliteDb* db) : db_(db) {}
  SqliteDb* db_;  // null: not ours to end
};

/// How long a lock of another connection is waited for.
inline constexpr int kBusyMsMax = 2'000;

/// A connection to a ledger with its statements, and the memory of a failure after which nothing
/// may be believed any more. Stays where it is: statements point to it. One thread at a time.
class LedgerConnection {
 public:
  explicit LedgerConnection(SqliteDb db) : db_(std::move(db)) {}
  LedgerConnection(const LedgerConnection&) = delete;
  LedgerConnection& operator=(const LedgerConnection&) = delete;
  ~LedgerConnection() = default;

  [[nodiscard]] SqliteDb& db() { return db_; }

  /// `SqliteDb::query`, whose statements are few literals.
  [[nodiscard]] Result<LedgerQuery> query(std::string_view sql) { return db_.query(sql); }

  /// Fails for ever once `condemn` was called.
  [[nodiscard]] Result<void> usable() const;
  /// The error to return for `error`; after a failed read, write or sync, or damage, the connection
  /// is given up: the kernel reports a failed fsync once and then forgets it, so that going on
  /// could acknowledge what is on no disk (pipeline S2).
  [[nodiscard]] Error judged(Error error);
  [[nodiscard]] Error condemn(const Error& error);

 private:
  SqliteDb db_;
  std::optional<Error> condemned_;
};

}  // namespace meterbill
