#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "base/start_progress.h"

struct sqlite3;
struct sqlite3_stmt;

namespace meterbill {

class SqliteDb;

/// How a database file is opened. Writers use WAL with synchronous=FULL: a commit that returned is
/// on disk.
struct SqliteOptions {
  bool read_only = false;           ///< never creates, never writes, never checkpoints
  bool is_unchanging = false;       ///< of read_only: nobody writes and there is no WAL
  int busy_ms_max = 5'000;          ///< how long a lock held by another connection is waited for
  std::int64_t page_count_max = 0;  ///< pages the file may have; beyond it kDiskFull; 0: no limit
  bool exclusive = false;           ///< no other connection gets in while this one is open
  /// Of a writer: asked before anything is written, as entering WAL is; its failure is returned.
  /// Empty: every database is taken.
  std::function<Result<void>(SqliteDb&)> inspect = {};
};

/// One prepared statement, finalized when destroyed. Must not outlive its SqliteDb. Parameters and
/// columns are numbered as SQLite does it: parameters from 1, columns from 0.
class SqliteStatement {
 public:
  /// Sets a parameter; text and blobs are copied. A failure is kept and returned by the next step.
  SqliteStatement& bind(int parameter, std::int64_t value);
  SqliteStatement& bind(int parameter, std::string_view text);
  SqliteStatement& bind(int parameter, const std::string& text) {
    return bind(parameter, std::string_view(text));
  }
  SqliteStatement& bind(int parameter, const char* text) {
    return bind(parameter, std::string_view(text));
  }
  SqliteStatement& bind_blob(int parameter, std::string_view bytes);
  SqliteStatement& bind_null(int parameter);

  /// Moves to the next row; false when there is none, the statement is then reset and its
  /// parameters are cleared, as after a failure.
  [[nodiscard]] Result<bool> step();
  /// Runs to the end, ignoring rows.
  [[nodiscard]] Result<void> run();
  /// Ends a run early, so that it holds no lock, and clears the parameters.
  void reset();

  /// Of the row that `step` moved to. Views hold until the next step or reset.
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] std::string_view text(int column) const;
  [[nodiscard]] std::string_view blob(int column) const;
  [[nodiscard]] bool is_null(int column) const;

 private:
  friend class SqliteDb;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  explicit SqliteStatement(sqlite3_stmt* statement) : statement_(statement) {}
  void keep(int result);

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int bind_result_ = 0;
};

/// A kept statement on loan: reset when the loan ends, so that it holds no lock. One loan of a
/// statement at a time. Must not outlive its SqliteDb.
class SqliteQuery {
 public:
  explicit SqliteQuery(SqliteStatement& statement) : statement_(&statement) {}
  SqliteQuery(SqliteQuery&& other) noexcept
      : statement_(std::exchange(other.statement_, nullptr)) {}
  SqliteQuery& operator=(SqliteQuery&&) = delete;
  ~SqliteQuery() {
    if (statement_ != nullptr) statement_->reset();
  }
  SqliteStatement* operator->() const { return statement_; }

 private:
  SqliteStatement* statement_;
};

/// One connection to one database file, closed when destroyed.
///
/// Not SQLiteCpp: it throws, and the codes that we must tell apart (disk full, damaged) would have
/// to be taken out of its exceptions again. One thread at a time; statements of a connection
/// included.
class SqliteDb {
 public:
  /// Opens or creates `path`. kDamaged when it is no database, kDiskFull, kPermission, kNotFound
  /// (read-only, or the folder is missing), kConflict when locked.
  [[nodiscard]] static Result<SqliteDb> open(const std::string& path, const SqliteOptions& options);

  /// Runs one or more statements without parameters.
  [[nodiscard]] Result<void> execute(const std::string& sql);
  /// For statements that are run often: prepared once, kept with the connection and found again by
  /// its text, of which there must be few.
  [[nodiscard]] Result<SqliteQuery> query(std::string_view sql);
  /// A statement of the caller's own.
  [[nodiscard]] Result<SqliteStatement> prepare(std::string_view sql);
  /// By `query`: the first column of the first row, e.g. of `PRAGMA user_version`; 0 when there is
  /// no row.
  [[nodiscard]] Result<std::int64_t> integer(std::string_view sql);

  /// Checks the whole file's structure; kDamaged names the first fault.
  [[nodiscard]] Result<void> check();

  /// From now on `progress`, which outlives the connection, is told when a statement is at work:
  /// one may take minutes on a large database.
  void tell_of_work(StartProgress& progress);

  /// Rows changed by the last INSERT, UPDATE or DELETE.
  [[nodiscard]] std::int64_t changes() const;
  /// True between a BEGIN and its end; false too after SQLite rolled back by itself (disk full).
  [[nodiscard]] bool in_transaction() const;
  /// The file is no longer at its path: somebody removed or replaced it.
  [[nodiscard]] bool moved() const;
  /// For what this class does not wrap (backup, checkpoint).
  [[nodiscard]] sqlite3* handle() const { return db_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* db) const;
  };
  explicit SqliteDb(sqlite3* db) : db_(db) {}

  std::unique_ptr<sqlite3, Close> db_;
  std::map<std::string, SqliteStatement, std::less<>> statements_;  // gone before db_
};

/// BEGIN IMMEDIATE … COMMIT; rolled back when destroyed without a commit. Must not outlive its
/// SqliteDb.
class SqliteTransaction {
 public:
  [[nodiscard]] static Result<SqliteTransaction> begin(SqliteDb& db);
  /// The same, or goes on with one that `leave_open` left: its changes share the fate of this
  /// one's.
  [[nodiscard]] static Result<SqliteTransaction> begin_or_join(SqliteDb& db);
  SqliteTransaction(SqliteTransaction&& other) noexcept;
  SqliteTransaction& operator=(SqliteTransaction&&) = delete;
  ~SqliteTransaction();

  /// On disk when it returns without failure. After a failure nothing of it is.
  [[nodiscard]] Result<void> commit();

  /// Neither: the next one that joins decides. What is changed is seen by this connection alone.
  void leave_open() { db_ = nullptr; }

 private:
  explicit SqliteTransaction(SqliteDb& db) : db_(&db) {}
  SqliteDb* db_;  // null once committed, rolled back or moved from
};

/// The Error of a failed call on `db`; `result` is what it returned. kDiskFull for SQLITE_FULL and
/// ENOSPC, kDamaged for SQLITE_CORRUPT and SQLITE_NOTADB, kConflict for locks.
[[nodiscard]] Error sqlite_error(sqlite3* db, int result);

}  // namespace meterbill
