#include "adapters/sqlite/sqlite_db.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>

#include "base/assert.h"
#include "base/system_failure.h"

namespace meterbill {
namespace {

/// `system`: what the operating system said of it; kIo: nothing in particular.
Code code_of(int result, Code system) {
  // A failed sync is never "try again", not even for want of space: what was written before it may
  // be lost.
  const bool is_sync = result == SQLITE_IOERR_FSYNC || result == SQLITE_IOERR_DIR_FSYNC;
  if (!is_sync && system == Code::kDiskFull) return Code::kDiskFull;
  // The index of the WAL could not be made longer, which SQLite tells without a system error.
  if (result == SQLITE_IOERR_SHMSIZE) return Code::kDiskFull;
  switch (result & 0xff) {
    case SQLITE_FULL:
      return Code::kDiskFull;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Code::kDamaged;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Code::kConflict;
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_READONLY:
      return Code::kPermission;
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_RANGE:
    case SQLITE_TOOBIG:
      return Code::kInvalid;
    case SQLITE_CANTOPEN:
      return system == Code::kNotFound || system == Code::kPermission ? system : Code::kIo;
    default:
      return Code::kIo;
  }
}

/// True for the results after which sqlite3_system_errno belongs to this very failure; it is stale
/// after any other.
bool is_of_system(int result) {
  const int primary = result & 0xff;
  return primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN;
}

/// "file:///var/lib/a%3fb.db?immutable=1": SQLite then neither locks nor looks for a WAL.
std::string immutable_uri(const std::string& path) {
  const std::filesystem::path file(path);
  std::string uri = "file:";
  if (file.is_absolute()) uri += file.has_root_name() ? "///" : "//";
  for (const char c : file.generic_string()) {
    if (c == '?' || c == '#' || c == '%')
      uri += fmt::format("%{:02x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    else
      uri += c;
  }
  return uri + "?immutable=1";
}

/// A log that SQLite did not write would be passed over in silence, and with it all that was
/// committed since the file was last brought up to date. One that was cut off while it was begun
/// holds nothing and begins with zeros.
Result<void> is_log_of_sqlite(const std::string& path) {
  std::ifstream log(path + "-wal", std::ios::binary);
  std::array<char, 4> begin{};
  if (!log.read(begin.data(), static_cast<std::streamsize>(begin.size()))) return ok();
  const std::string_view magic(begin.data(), begin.size());
  for (const char* const known : {"\x37\x7f\x06\x82", "\x37\x7f\x06\x83", "\0\0\0\0"})
    if (magic == std::string_view(known, begin.size())) return ok();
  return fail(Code::kDamaged, path + "-wal is no log of SQLite");
}

/// Moves what the log holds into the file. A sync that failed under an earlier process leaves pages
/// in memory that the kernel takes for written: they are read as if they were safe, and are gone
/// with the power, and with them all of the log behind them. Written once more, they are.
Result<void> write_anew_what_the_log_holds(SqliteDb& db) {
  // A read opens the log; a checkpoint of a new file does not, and stumbles over it.
  MB_TRYV(db.integer("SELECT count(*) FROM sqlite_schema"));
  const auto busy = db.integer("PRAGMA wal_checkpoint(TRUNCATE)");
  // Where nothing can be written, the first commit says so; until then the log stays as it is.
  if (!busy && busy.error().code == Code::kDiskFull) return ok();
  if (!busy) return busy.error();
  if (busy.value() == 0) return ok();
  return fail(Code::kConflict, "another program reads the file; end it first");
}

Result<void> set_up(SqliteDb& db, const SqliteOptions& options) {
  sqlite3* const handle = db.handle();
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, options.busy_ms_max);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  MB_TRYV(
      db.execute("PRAGMA trusted_schema=OFF; PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY"));
  if (options.read_only) {
    // Opening is lazy: only a read shows whether the file is a database.
    MB_TRYV(db.integer("SELECT count(*) FROM sqlite_schema"));
    return ok();
  }
  if (sqlite3_db_readonly(handle, "main") == 1)
    return fail(Code::kPermission, "the file can be read, but not written");
  // Before WAL is entered: then there is no shared memory that a second process could join.
  if (options.exclusive) {
    MB_TRYV(db.execute("PRAGMA locking_mode=EXCLUSIVE"));
  }
  if (options.inspect) {
    // A database that is refused is not written by its closing either; its log stays beside it.
    sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    MB_TRYV(options.inspect(db));
    sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
  }
  MB_TRYV(db.execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL"));
  MB_TRYV(write_anew_what_the_log_holds(db));
  if (options.page_count_max > 0) {
    MB_TRYV(db.execute(fmt::format("PRAGMA max_page_count={}", options.page_count_max)));
  }
  return ok();
}

}  // namespace

Error sqlite_error(sqlite3* db, int result) {
  const std::error_code system =
      native_error(db != nullptr && is_of_system(result) ? sqlite3_system_errno(db) : 0);
  const char* const message = db != nullptr ? sqlite3_errmsg(db) : sqlite3_errstr(result);
  const std::string why = system ? ": " + system.message() : "";
  return fail(code_of(result, failure_code(system)),
              fmt::format("{}{} (SQLite {})", message, why, result));
}

void SqliteStatement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

void SqliteStatement::keep(int result) {
  if (bind_result_ == SQLITE_OK) bind_result_ = result;
}

SqliteStatement& SqliteStatement::bind(int parameter, std::int64_t value) {
  keep(sqlite3_bind_int64(statement_.get(), parameter, value));
  return *this;
}

SqliteStatement& SqliteStatement::bind(int parameter, std::string_view text) {
  // A null pointer would bind NULL, not the empty text.
  const char* const data = text.data() == nullptr ? "" : text.data();
  keep(sqlite3_bind_text64(statement_.get(), parameter, data, text.size(), SQLITE_TRANSIENT,
                           SQLITE_UTF8));
  return *this;
}

SqliteStatement& SqliteStatement::bind_blob(int parameter, std::string_view bytes) {
  const char* const data = bytes.data() == nullptr ? "" : bytes.data();
  keep(sqlite3_bind_blob64(statement_.get(), parameter, data, bytes.size(), SQLITE_TRANSIENT));
  return *this;
}

SqliteStatement& SqliteStatement::bind_null(int parameter) {
  keep(sqlite3_bind_null(statement_.get(), parameter));
  return *this;
}

Result<bool> SqliteStatement::step() {
  sqlite3* const db = sqlite3_db_handle(statement_.get());
  const int result = bind_result_ == SQLITE_OK ? sqlite3_step(statement_.get()) : bind_result_;
  if (result == SQLITE_ROW) return true;
  if (result == SQLITE_DONE) {
    reset();
    return false;
  }
  Error error = sqlite_error(db, result);
  reset();
  return error;
}

Result<void> SqliteStatement::run() {
  for (bool more = true; more;) {
    MB_TRY(more, step());
  }
  return ok();
}

void SqliteStatement::reset() {
  bind_result_ = SQLITE_OK;
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
}

std::int64_t SqliteStatement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string_view SqliteStatement::text(int column) const {
  const auto* const data =
      reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  if (data == nullptr) return {};
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

std::string_view SqliteStatement::blob(int column) const {
  const auto* const data = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
  if (data == nullptr) return {};
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

bool SqliteStatement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

void SqliteDb::Close::operator()(sqlite3* db) const { sqlite3_close_v2(db); }

Result<SqliteDb> SqliteDb::open(const std::string& path, const SqliteOptions& options) {
  if (!options.read_only) {
    MB_TRYV(is_log_of_sqlite(path));
  }
  sqlite3* handle = nullptr;
  const int mode =
      options.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  const std::string name = options.is_unchanging ? immutable_uri(path) : path;
  const int result = sqlite3_open_v2(name.c_str(), &handle,
                                     mode | (options.is_unchanging ? SQLITE_OPEN_URI : 0) |
                                         SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                                     nullptr);
  SqliteDb db(handle);  // owns the handle even after a failure, as SQLite demands
  if (result != SQLITE_OK) return sqlite_error(handle, result).in(path);
  MB_TRYV(in(path, set_up(db, options)));
  return db;
}

Result<void> SqliteDb::execute(const std::string& sql) {
  const int result = sqlite3_exec(db_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (result != SQLITE_OK) return sqlite_error(db_.get(), result);
  return ok();
}

Result<SqliteStatement> SqliteDb::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int result = sqlite3_prepare_v3(db_.get(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (result != SQLITE_OK) return sqlite_error(db_.get(), result).in(sql.substr(0, 60));
  MB_ASSERT(statement != nullptr);
  return SqliteStatement(statement);
}

Result<SqliteQuery> SqliteDb::query(std::string_view sql) {
  const auto found = statements_.find(sql);
  if (found != statements_.end()) return SqliteQuery(found->second);
  MB_TRY(SqliteStatement statement, prepare(sql));
  return SqliteQuery(statements_.emplace(sql, std::move(statement)).first->second);
}

Result<std::int64_t> SqliteDb::integer(std::string_view sql) {
  MB_TRY(const SqliteQuery row, query(sql));
  MB_TRY(const bool found, row->step());
  return found ? row->integer(0) : 0;
}

Result<void> SqliteDb::check() {
  MB_TRY(SqliteStatement statement, prepare("PRAGMA quick_check(1)"));
  MB_TRY(const bool found, statement.step());
  if (found && statement.text(0) == "ok") return ok();
  return fail(Code::kDamaged, found ? std::string(statement.text(0)) : "quick_check says nothing");
}

void SqliteDb::tell_of_work(StartProgress& progress) {
  constexpr int kSteps = 1'000'000;  // of SQLite's machine: tens of milliseconds
  const auto told = [](void* to) {
    static_cast<StartProgress*>(to)->go_on();
    return 0;
  };
  sqlite3_progress_handler(handle(), kSteps, told, &progress);
}

std::int64_t SqliteDb::changes() const { return sqlite3_changes64(db_.get()); }

bool SqliteDb::in_transaction() const { return sqlite3_get_autocommit(db_.get()) == 0; }

bool SqliteDb::moved() const {
  int moved = 0;
  return sqlite3_file_control(db_.get(), "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK &&
         moved != 0;
}

Result<SqliteTransaction> SqliteTransaction::begin(SqliteDb& db) {
  MB_TRY(const SqliteQuery begin, db.query("BEGIN IMMEDIATE"));
  MB_TRYV(begin->run());
  return SqliteTransaction(db);
}

Result<SqliteTransaction> SqliteTransaction::begin_or_join(SqliteDb& db) {
  if (db.in_transaction()) return SqliteTransaction(db);
  return begin(db);
}

SqliteTransaction::SqliteTransaction(SqliteTransaction&& other) noexcept
    : db_(std::exchange(other.db_, nullptr)) {}

SqliteTransaction::~SqliteTransaction() {
  // A failed rollback leaves nothing to do: SQLite has rolled back by itself, or will when the file
  // is opened again.
  if (db_ != nullptr && db_->in_transaction()) static_cast<void>(db_->execute("ROLLBACK"));
}

Result<void> SqliteTransaction::commit() {
  MB_ASSERT(db_ != nullptr);
  // On failure db_ stays, and the destructor rolls back what SQLite has not.
  MB_TRY(const SqliteQuery end, db_->query("COMMIT"));
  MB_TRYV(end->run());
  db_ = nullptr;
  return ok();
}

}  // namespace meterbill
