#include "adapters/sqlite/sqlite_ledger_backup.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <system_error>

#include "adapters/sqlite/sqlite_ledger_files.h"
#include "base/platform_words.h"

namespace meterbill {
namespace {

/// 256 KiB of 4 KiB pages: so often a stop and the WAL are looked at.
constexpr int kPagesPerStep = 64;
/// 8 MiB: so much of the copy may wait to be written to the disk. All of it at once, at the end,
/// would hold up the commits of a ledger on the same disk.
constexpr int kStepsPerSync = 32;
/// So long the WAL may become even beside a small ledger.
constexpr std::int64_t kWalBytesFree = std::int64_t{64} << 20;

struct FinishBackup {
  void operator()(sqlite3_backup* backup) const { sqlite3_backup_finish(backup); }
};

/// Removes what a copy that did not end well leaves, and what one before it left whose program was
/// killed.
class Partial {
 public:
  explicit Partial(std::string path) : path_(std::move(path)) { remove(); }
  Partial(const Partial&) = delete;
  Partial& operator=(const Partial&) = delete;
  ~Partial() { remove(); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  void remove() const {
    std::error_code ignored;
    for (const char* end : {"", "-journal", "-wal", "-shm"})
      std::filesystem::remove(path_ + end, ignored);
  }
  std::string path_;
};

Error stopped() { return fail(Code::kUnavailable, "stopped before it was complete"); }

/// The WAL of the ledger that is copied. Nothing in it can be moved while the snapshot is open, so
/// its length is what a copy costs the ledger's disk; a copy that cannot keep up with the writing
/// would cost all of it.
class WalGuard {
 public:
  WalGuard(const SqliteDb& from, std::int64_t ledger_bytes)
      : path_(std::string(sqlite3_filename_wal(sqlite3_db_filename(from.handle(), "main")))),
        bytes_max_(std::max({ledger_bytes, kWalBytesFree, bytes()})) {}

  [[nodiscard]] Result<void> check() const {
    if (bytes() <= bytes_max_) return ok();
    return fail(Code::kUnavailable,
                fmt::format("more is written to the ledger than can be copied: its write-ahead log "
                            "grew past {} bytes; try again when less is written, or name a file on "
                            "a faster disk",
                            bytes_max_));
  }

 private:
  [[nodiscard]] std::int64_t bytes() const {
    std::error_code none;
    const auto size = std::filesystem::file_size(path_, none);
    return none ? 0 : static_cast<std::int64_t>(size);
  }
  std::string path_;
  std::int64_t bytes_max_;
};

/// What would fail later and say less. A copy that cannot fit would fill the disk first: often the
/// one the ledger itself is on.
Result<void> check_folder(const std::string& to, std::int64_t bytes) {
  std::filesystem::path folder = std::filesystem::path(to).parent_path();
  if (folder.empty()) folder = ".";
  std::error_code unknown;
  if (!std::filesystem::is_directory(folder, unknown))
    return fail(Code::kNotFound, fmt::format("there is no folder {} that can be seen from here; "
                                             "make it, or name another one",
                                             folder.string()));
  MB_TRYV(check_writable(folder.string()));
  const auto room = std::filesystem::space(folder, unknown);
  if (unknown || room.available >= static_cast<std::uintmax_t>(bytes)) return ok();
  return fail(Code::kDiskFull, fmt::format("the copy needs {} bytes, there are {} free; make room "
                                           "or name a file on another disk",
                                           bytes, room.available));
}

Result<void> sync_pages(SqliteDb& to) {
  sqlite3_file* file = nullptr;
  int result = sqlite3_file_control(to.handle(), "main", SQLITE_FCNTL_FILE_POINTER, &file);
  if (result == SQLITE_OK) result = file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
  if (result != SQLITE_OK) return sqlite_error(nullptr, result);
  return ok();
}

Result<void> copy_pages(SqliteDb& from, SqliteDb& to, std::int64_t bytes,
                        const std::stop_token& stop, const BackupProgress& progress) {
  const WalGuard wal(from, bytes);
  const std::unique_ptr<sqlite3_backup, FinishBackup> backup(
      sqlite3_backup_init(to.handle(), "main", from.handle(), "main"));
  if (!backup) return sqlite_error(to.handle(), sqlite3_extended_errcode(to.handle()));
  int steps = 0;
  for (int result = SQLITE_OK; result != SQLITE_DONE;) {
    if (stop.stop_requested()) return stopped();
    MB_TRYV(wal.check());
    result = sqlite3_backup_step(backup.get(), kPagesPerStep);
    if (result != SQLITE_OK && result != SQLITE_DONE) return sqlite_error(to.handle(), result);
    if (++steps % kStepsPerSync == 0) {
      MB_TRYV(sync_pages(to));
    }
    const std::int64_t pages = sqlite3_backup_pagecount(backup.get());
    if (progress && pages > 0)
      progress(bytes / pages * (pages - sqlite3_backup_remaining(backup.get())), bytes);
  }
  return ok();
}

Result<std::int64_t> fill(SqliteDb from, const std::string& to, const std::stop_token& stop,
                          const BackupProgress& progress) {
  MB_TRY(const std::int64_t bytes,
         from.integer("SELECT page_count*page_size FROM pragma_page_count, pragma_page_size"));
  MB_TRYV(check_folder(to, bytes));
  MB_TRY(SqliteDb target, SqliteDb::open(to, {}));
  // Without a WAL each page is written once; durability comes from the fsync at the end.
  MB_TRYV(target.execute("PRAGMA journal_mode=DELETE; PRAGMA synchronous=OFF"));
  MB_TRYV(copy_pages(from, target, bytes, stop, progress));
  return bytes;
}

Result<void> check_copy(SqliteDb& db) {
  // One file without companions: it can be moved, mailed and opened where nothing may be written.
  MB_TRYV(db.execute("PRAGMA journal_mode=DELETE"));
  MB_TRY(SqliteStatement check, db.prepare("PRAGMA integrity_check(1)"));
  MB_TRY(const bool found, check.step());
  if (!found || check.text(0) != "ok")
    return fail(Code::kDamaged, fmt::format("the copy fails its check ({}); the ledger itself may "
                                            "be damaged: run the sqlite3 check of {}",
                                            found ? check.text(0) : "no answer", kLedgerManual));
  return ok();
}

Result<void> verify(const std::string& path, const std::stop_token& stop) {
  MB_TRY(SqliteDb db, SqliteDb::open(path, {}));
  const std::stop_callback interrupt(stop, [&db] { sqlite3_interrupt(db.handle()); });
  if (stop.stop_requested()) return stopped();  // before there was something to interrupt
  Result<void> checked = check_copy(db);
  if (stop.stop_requested()) return stopped();
  return checked;
}

}  // namespace

Result<SqliteDb> open_snapshot(const std::string& path) {
  MB_TRY(SqliteDb db, SqliteDb::open(path, {.read_only = true}));
  sqlite3_db_config(db.handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  MB_TRYV(db.execute("BEGIN"));
  MB_TRYV(db.integer("SELECT count(*) FROM sqlite_schema"));  // BEGIN alone takes no snapshot
  return db;
}

Result<std::int64_t> copy_ledger(SqliteDb snapshot, const std::string& to, Existing existing,
                                 const std::stop_token& stop, const BackupProgress& progress) {
  // What cannot be looked at is told of below.
  std::error_code unknown;
  const auto there = std::filesystem::symlink_status(to, unknown);
  if (existing == Existing::kRefuse && std::filesystem::exists(there))
    return fail(Code::kConflict, to + " exists already; name a new file");
  const Partial partial(to + ".partial");
  MB_TRY(const std::int64_t bytes,
         in(partial.path(), fill(std::move(snapshot), partial.path(), stop, progress)));
  MB_TRYV(in(partial.path(), verify(partial.path(), stop)));
  MB_TRYV(sync_file(partial.path()));
  if (stop.stop_requested()) return stopped();
  MB_TRYV(name_file(partial.path(), to, existing == Existing::kReplace));
  return bytes;
}

}  // namespace meterbill
