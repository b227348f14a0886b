#include "adapters/sqlite/sqlite_ledger.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <filesystem>

#include "adapters/sqlite/ledger_remedies.h"
#include "adapters/sqlite/sqlite_ledger_backup.h"
#include "adapters/sqlite/sqlite_ledger_codec.h"
#include "adapters/sqlite/sqlite_ledger_files.h"
#include "adapters/sqlite/sqlite_ledger_quarantine.h"
#include "adapters/sqlite/sqlite_ledger_upkeep.h"
#include "adapters/sqlite/sqlite_ledger_writer.h"
#include "base/assert.h"
#include "base/platform_words.h"

namespace meterbill {

using ledger_upkeep::CheckpointMode;

namespace {

/// When so much of the WAL is not moved yet, pages are moved between batches: 4 MiB of 4 KiB pages.
constexpr int kCheckpointFrames = 1'000;

/// What a failure to open the service's own ledger means for the operator.
Error with_remedy(Error error, const std::string& path) {
  if (error.code == Code::kDiskFull)
    error.message += "; the disk is full: free space and start again; nothing is lost";
  if (error.code == Code::kPermission) error.message += ownership_remedy(path);
  return with_restore_commands(std::move(error), path);
}

/// What it means for who only wants to read.
Error with_reading_remedy(Error error) {
  if (error.code == Code::kDamaged)
    error.message +=
        "; if it is a worker's ledger, restore a backup (" + std::string(kLedgerManual) + ")";
  if (error.code == Code::kNotFound)
    error.message += "; a worker's ledger is ledger.db in its worker.state_dir";
  if (error.code == Code::kPermission) error.message += reading_remedy();
  return std::move(error).in("read ledger");
}

Result<SqliteDb> open_writer(const std::string& path, const Clock& clock, StartProgress* progress) {
  // A file of somebody else, of a newer program or a damaged one is left as it is.
  const auto inspect = [progress](SqliteDb& db) -> Result<void> {
    if (progress != nullptr) {
      db.tell_of_work(*progress);
      progress->at("checking the ledger");
    }
    MB_TRYV(inspect_ledger(db, ledger_migrations()));
    MB_TRYV(db.execute("PRAGMA cell_size_check=ON"));
    return in("check", db.check());
  };
  MB_TRY(SqliteDb db, SqliteDb::open(path, {.busy_ms_max = kBusyMsMax, .inspect = inspect}));
  // No mapped pages: a fault in one would end the process, or reach the file unchecked.
  // Nothing secret is in it, so deleted content need not be overwritten.
  MB_TRYV(
      db.execute("PRAGMA wal_autocheckpoint=0; PRAGMA mmap_size=0; "
                 "PRAGMA secure_delete=OFF; PRAGMA cache_size=-32768"));
  if (progress != nullptr) progress->at("bringing the ledger up to date");
  MB_TRYV(migrate_ledger(db, path, ledger_migrations()));
  MB_TRY(const std::int64_t created, db.integer("SELECT created_us FROM meta"));
  if (created == 0) {
    MB_TRYV(db.execute(fmt::format("UPDATE meta SET created_us={}", clock.now().utc.us)));
  }
  return db;
}

/// Positions and counts move under a fence, which operator decisions do not have.
Result<void> only_effects(const WriteSet& effects) {
  if (effects.positions.empty() && effects.gaps.empty() && effects.counts.empty()) return ok();
  return fail(Code::kInvalid, "a decision moves no positions and no counts, and passes no gaps");
}

}  // namespace

Error with_restore_commands(Error error, const std::string& path) {
  if (error.code != Code::kDamaged) return error;
  error.message += fmt::format(
      "\n{0} is damaged: nothing is billed from it any more. Put a backup\n"
      "in its place, and keep the damaged one until the bills are compared:\n"
      "{1}"
      "Start the worker; then, on each machine:\n"
      "  meterbill agent send --again\n"
      "{2}, \"Backup and restore\", has each step.",
      path, restore_commands(path), kLedgerManual);
  return error;
}

SqliteLedger::SqliteLedger(LedgerLock lock, SqliteDb db, std::string path,
                           const LedgerLimits& limits)
    : WithLedgerReads(std::move(db)),
      lock_(std::move(lock)),
      path_(std::move(path)),
      limits_(limits) {
  const auto count = [](void* wal, sqlite3*, const char*, int frames) {
    static_cast<ledger_upkeep::Wal*>(wal)->written(frames);
    return SQLITE_OK;
  };
  sqlite3_wal_hook(connection().db().handle(), count, &wal_);
}

Result<std::unique_ptr<SqliteLedger>> SqliteLedger::open(const std::string& path,
                                                         const LedgerLimits& limits,
                                                         const Clock& clock,
                                                         StartProgress* progress) {
  const std::string what = "open ledger " + path;
  auto lock = LedgerLock::take(path);
  if (!lock) return with_remedy(std::move(lock).error(), path).in(what);
  auto db = open_writer(path, clock, progress);
  if (!db) return with_remedy(std::move(db).error(), path).in(what);
  return std::unique_ptr<SqliteLedger>(
      new SqliteLedger(std::move(lock).value(), std::move(db).value(), path, limits));
}

Result<CommitOutcome> SqliteLedger::commit_failed(Error error) {
  const int result = sqlite3_extended_errcode(connection().db().handle()) & 0xff;
  // These are noticed before the commit's last frame is whole: SQLite has taken it all back.
  if (result == SQLITE_FULL || result == SQLITE_BUSY || result == SQLITE_CONSTRAINT) return error;
  static_cast<void>(connection().condemn(error));
  return CommitOutcome::kUnknown;
}

Result<CommitOutcome> SqliteLedger::transact(const Body& body) {
  MB_TRYV(connection().usable());
  MB_ASSERT(!connection().db().in_transaction());  // no writing while walking over rows
  auto transaction = SqliteTransaction::begin(connection().db());
  if (!transaction) return connection().judged(std::move(transaction).error());
  const auto done = body();
  if (!done) return connection().judged(done.error());
  if (!done.value()) return CommitOutcome::kFenced;
  changed_ = true;
  if (auto committed = transaction.value().commit(); !committed)
    return commit_failed(std::move(committed).error());
  // Here and not only in the housekeeping: one that comes by the clock is outrun by a fast source.
  // The commit stands whatever becomes of it; a disk that failed is told by the next call.
  if (is_wal_long()) static_cast<void>(checkpoint(CheckpointMode::kPassive));
  return CommitOutcome::kCommitted;
}

Result<void> SqliteLedger::transact_whole(const std::function<Result<void>()>& body) {
  MB_TRY(const CommitOutcome outcome, transact([&]() -> Result<bool> {
           MB_TRYV(body());
           return true;
         }));
  if (outcome == CommitOutcome::kUnknown) return connection().usable();
  return ok();
}

Result<Claim> SqliteLedger::claim(const std::string& source) {
  Claim claim;
  MB_TRYV(in("claim " + source, transact_whole([&]() -> Result<void> {
               MB_TRY(claim.fence, ledger_writer::raise_fence(connection(), source));
               MB_TRY(claim.positions, ledger_queries::positions_of(connection(), source));
               return ok();
             })));
  return claim;
}

Result<Loaded> SqliteLedger::load(std::span<const RowKey> rows,
                                  std::span<const std::pair<MachineKey, EpochId>> epochs,
                                  std::span<const TotalKey> totals) {
  return in("load", ledger_queries::load(connection(), rows, epochs, totals));
}

Result<EvidenceBlock> SqliteLedger::pack(std::span<const EvidenceRef> items) const {
  return in("pack evidence", pack_evidence(items));
}

Result<std::vector<EventKey>> SqliteLedger::known_events(std::span<const EventKey> keys) {
  return in("known events", ledger_queries::known_events(connection(), keys));
}

Result<CommitOutcome> SqliteLedger::commit(const WriteSet& write,
                                           const std::map<std::string, std::int64_t>& fences) {
  return in("commit", transact([&]() -> Result<bool> {
              MB_TRY(const bool ours, ledger_writer::owns(connection(), write, fences));
              if (!ours) return false;
              MB_TRYV(ledger_writer::apply(connection(), write, limits_));
              return true;
            }));
}

Result<void> SqliteLedger::decide(MachineKey machine, const BootId& boot, BootDecision decision,
                                  const WriteSet& effects) {
  MB_TRYV(only_effects(effects));
  return in("decide", transact_whole([&]() -> Result<void> {
              MB_TRYV(ledger_writer::apply(connection(), effects, limits_));
              return ledger_writer::put_decision(connection(), machine, boot, decision, effects.at);
            }));
}

Result<void> SqliteLedger::settle_quarantine(std::int64_t id, QuarantineState state,
                                             const WriteSet& effects) {
  MB_TRYV(only_effects(effects));
  return in("settle", transact_whole([&]() -> Result<void> {
              MB_TRY(LedgerMeta meta, read_meta(connection()));
              MB_TRYV(settle_quarantined(connection(), id, state, meta));
              MB_TRYV(write_meta(connection(), meta));
              return ledger_writer::apply(connection(), effects, limits_);
            }));
}

Result<void> SqliteLedger::replace_totals(const Totals& totals, const std::string& digest,
                                          std::span<const PriceVersionUse> prices) {
  return in("replace totals", transact_whole([&]() -> Result<void> {
              MB_TRYV(connection().db().execute("DELETE FROM total"));
              MB_TRYV(ledger_writer::put_totals(connection(), totals));
              MB_TRYV(ledger_writer::put_prices(connection(), prices));
              MB_TRY(auto query, connection().query("UPDATE meta SET segments_digest=?1"));
              query->bind(1, digest);
              return query->run();
            }));
}

bool SqliteLedger::is_wal_long() const { return wal_.frames - wal_.moved >= kCheckpointFrames; }

Result<void> SqliteLedger::checkpoint(ledger_upkeep::CheckpointMode how) {
  auto wal = ledger_upkeep::checkpoint(connection(), how);
  if (!wal) return connection().judged(std::move(wal).error());
  if (wal.value()) wal_ = *wal.value();
  return ok();
}

Result<void> SqliteLedger::maintain(UtcTime now) {
  MB_TRYV(connection().usable());
  MB_TRY(const bool due, in("maintain", ledger_upkeep::is_due(connection(), limits_, now)));
  if (due) {
    MB_TRYV(in("maintain", transact_whole([&]() -> Result<void> {
                 return ledger_upkeep::forget(connection(), limits_, now);
               })));
  }
  const bool is_idle = !std::exchange(changed_, false);
  if (is_idle && wal_.frames > 0) return in("maintain", checkpoint(CheckpointMode::kTruncate));
  return is_wal_long() ? in("maintain", checkpoint(CheckpointMode::kPassive)) : ok();
}

Result<BackupFacts> SqliteLedger::backup(const std::string& path, const std::stop_token& stop,
                                         const BackupProgress& progress) {
  // Nothing of this object but the path: its connection belongs to the thread that commits.
  MB_TRY(SqliteDb snapshot, in("backup", open_snapshot(path_)));
  BackupFacts facts;
  MB_TRY(facts.commits, in("backup", snapshot.integer("SELECT commits FROM meta")));
  MB_TRY(facts.bytes,
         in("backup", copy_ledger(std::move(snapshot), path, Existing::kRefuse, stop, progress)));
  return facts;
}

Result<void> SqliteLedger::remember_backup(UtcTime at) {
  return in("remember backup", transact_whole([&]() -> Result<void> {
              MB_TRY(auto query, connection().query("UPDATE meta SET last_backup_us=?1"));
              query->bind(1, at.us);
              return query->run();
            }));
}

Result<std::unique_ptr<SqliteLedgerReader>> SqliteLedgerReader::open_with(
    const std::string& path, std::optional<LedgerLock> lock, bool is_unchanging) {
  const std::string what = "read ledger " + path;
  auto db = SqliteDb::open(
      path, {.read_only = true, .is_unchanging = is_unchanging, .busy_ms_max = kBusyMsMax});
  if (!db) return with_reading_remedy(std::move(db).error());
  sqlite3_db_config(db.value().handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  MB_TRYV(db.value().execute("PRAGMA cell_size_check=ON; PRAGMA mmap_size=0"));
  MB_TRY(const LedgerState state, in(what, inspect_ledger(db.value(), ledger_migrations())));
  if (state != LedgerState::kCurrent)
    return fail(Code::kConflict,
                what + ": it is of an older version; start the worker once to migrate it");
  return std::unique_ptr<SqliteLedgerReader>(
      new SqliteLedgerReader(std::move(db).value(), std::move(lock)));
}

Result<std::unique_ptr<SqliteLedgerReader>> SqliteLedgerReader::open(const std::string& path) {
  return open_with(path, std::nullopt, false);
}

Result<std::unique_ptr<SqliteLedgerReader>> SqliteLedgerReader::open_stopped(
    const std::string& path) {
  std::error_code error;
  const bool is_there = std::filesystem::is_regular_file(path, error);
  if (error == std::errc::permission_denied)
    return with_reading_remedy(fail(Code::kPermission, path + ": " + error.message()));
  if (!is_there)
    return with_reading_remedy(fail(Code::kNotFound, path + ": there is no such file"));
  auto lock = LedgerLock::share(path);
  if (!lock) return with_reading_remedy(std::move(lock).error());
  // A worker that was stopped in order has left all in the file: it is read as it is, and nothing
  // is made beside it.
  const auto wal_bytes = std::filesystem::file_size(path + "-wal", error);
  const bool is_unchanging = lock.value() && (error || wal_bytes == 0);
  return open_with(path, std::move(lock).value(), is_unchanging);
}

}  // namespace meterbill
