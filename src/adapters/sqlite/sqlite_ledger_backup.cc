#include "adapters/sqlite/sqlite_ledger_backup.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <filesystem>
#include <memory>

#include "adapters/sqlite/sqlite_db.h"
#include "adapters/sqlite/sqlite_ledger_files.h"

namespace meterbill {
namespace {

/// 256 KiB of 4 KiB pages: so long a batch that wants to be committed waits.
constexpr int kPagesPerStep = 64;

struct FinishBackup {
  void operator()(sqlite3_backup* backup) const { sqlite3_backup_finish(backup); }
};

/// Removes what a copy that did not end well leaves.
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

/// A connection whose read transaction stands at the last commit.
Result<SqliteDb> open_snapshot(const std::string& path) {
  MB_TRY(SqliteDb db, SqliteDb::open(path, {.read_only = true}));
  sqlite3_db_config(db.handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  MB_TRYV(db.execute("BEGIN"));
  MB_TRYV(db.integer("SELECT count(*) FROM sqlite_schema"));  // BEGIN alone takes no snapshot
  return db;
}

Result<void> copy_pages(SqliteDb& from, SqliteDb& to,
                        const std::function<void(int, int)>& progress) {
  const std::unique_ptr<sqlite3_backup, FinishBackup> backup(
      sqlite3_backup_init(to.handle(), "main", from.handle(), "main"));
  if (!backup) return sqlite_error(to.handle(), sqlite3_extended_errcode(to.handle()));
  for (int result = SQLITE_OK; result != SQLITE_DONE;) {
    result = sqlite3_backup_step(backup.get(), kPagesPerStep);
    if (result != SQLITE_OK && result != SQLITE_DONE) return sqlite_error(to.handle(), result);
    if (progress) {
      const int pages = sqlite3_backup_pagecount(backup.get());
      progress(pages - sqlite3_backup_remaining(backup.get()), pages);
    }
  }
  return ok();
}

Result<void> fill(const std::string& from, const std::string& to,
                  const std::function<void(int, int)>& progress) {
  MB_TRY(SqliteDb source, open_snapshot(from));
  MB_TRY(SqliteDb target, SqliteDb::open(to, {}));
  // Without a WAL each page is written once; durability comes from the one fsync at the end.
  MB_TRYV(target.execute("PRAGMA journal_mode=DELETE; PRAGMA synchronous=OFF"));
  return copy_pages(source, target, progress);
}

Result<void> verify(const std::string& path) {
  MB_TRY(SqliteDb db, SqliteDb::open(path, {}));
  // One file without companions: it can be moved, mailed and opened where nothing may be written.
  MB_TRYV(db.execute("PRAGMA journal_mode=DELETE"));
  MB_TRY(SqliteStatement check, db.prepare("PRAGMA integrity_check(1)"));
  MB_TRY(const bool found, check.step());
  if (!found || check.text(0) != "ok")
    return fail(Code::kDamaged, fmt::format("the copy fails its check ({}); the ledger itself may "
                                            "be damaged: run the sqlite3 check of docs/ledger.md",
                                            found ? check.text(0) : "no answer"));
  return ok();
}

}  // namespace

Result<void> copy_ledger(const std::string& from, const std::string& to, Existing existing,
                         const std::function<void(int, int)>& progress) {
  if (existing == Existing::kRefuse && std::filesystem::exists(to))
    return fail(Code::kConflict, to + " exists already; name a new file");
  const Partial partial(to + ".partial");
  MB_TRYV(in(partial.path(), fill(from, partial.path(), progress)));
  MB_TRYV(in(partial.path(), verify(partial.path())));
  MB_TRYV(sync_file(partial.path()));
  return name_file(partial.path(), to, existing == Existing::kReplace);
}

}  // namespace meterbill
