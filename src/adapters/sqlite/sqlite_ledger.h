#pragma once

#include <functional>
#include <memory>
#include <string>

#include "adapters/sqlite/migrations.h"
#include "adapters/sqlite/sqlite_ledger_connection.h"
#include "adapters/sqlite/sqlite_ledger_files.h"
#include "adapters/sqlite/sqlite_ledger_reads.h"
#include "adapters/sqlite/sqlite_ledger_upkeep.h"
#include "base/clock.h"
#include "base/start_progress.h"

namespace meterbill {

/// A failure for whom the operator is to read it: when it is kDamaged, with the commands that put a
/// backup in the place of the ledger at `path`.
[[nodiscard]] Error with_restore_commands(Error error, const std::string& path);

/// The ledger in one SQLite file: the only connection that writes it, and the only one that moves
/// its WAL into the file.
///
/// Not a pool of connections: SQLite has one writer anyway, and before 3.51.3 two connections that
/// write or checkpoint at once can damage the file. Whoever else wants to read opens a
/// SqliteLedgerReader. One thread at a time, but for `backup`, which reads on a connection of its
/// own. After a failed read, write or sync of the disk every
/// call fails: only opening it again, which verifies it, can tell what is stored.
class SqliteLedger final : public WithLedgerReads<LedgerStore> {
 public:
  /// Opens or creates the ledger, alone (`ledger.lock`), checks it, and migrates it if it is older.
  /// kConflict: another process has it. kTooNew, kDamaged, kDiskFull, kPermission name the remedy.
  /// `clock`, for the time of creation, is used during the call. `progress` may be null; otherwise
  /// it outlives the ledger, and is told whenever SQLite is at work.
  [[nodiscard]] static Result<std::unique_ptr<SqliteLedger>> open(
      const std::string& path, const LedgerLimits& limits, const Clock& clock,
      StartProgress* progress = nullptr);

  Result<Claim> claim(const std::string& source) override;
  Result<Loaded> load(std::span<const RowKey> rows,
                      std::span<const std::pair<MachineKey, EpochId>> epochs,
                      std::span<const TotalKey> totals) override;
  Result<EvidenceBlock> pack(std::span<const EvidenceRef> items) const override;
  Result<std::vector<EventKey>> known_events(std::span<const EventKey> keys) override;
  Result<CommitOutcome> commit(const WriteSet& write,
                               const std::map<std::string, std::int64_t>& fences) override;
  Result<void> decide(MachineKey machine, const BootId& boot, BootDecision decision,
                      const WriteSet& effects) override;
  Result<void> settle_quarantine(std::int64_t id, QuarantineState state,
                                 const WriteSet& effects) override;
  Result<void> replace_totals(const Totals& totals, const std::string& digest,
                              std::span<const PriceVersionUse> prices) override;
  Result<void> maintain(UtcTime now) override;
  Result<BackupFacts> backup(const std::string& path, const std::stop_token& stop,
                             const BackupProgress& progress) override;
  Result<void> remember_backup(UtcTime at) override;

 private:
  SqliteLedger(LedgerLock lock, SqliteDb db, std::string path, const LedgerLimits& limits);

  /// True: commit; false: a fence was raised, roll back.
  using Body = std::function<Result<bool>()>;
  [[nodiscard]] Result<CommitOutcome> transact(const Body& body);
  /// For bodies that no fence concerns; an unknown outcome is a failure.
  [[nodiscard]] Result<void> transact_whole(const std::function<Result<void>()>& body);
  [[nodiscard]] Result<CommitOutcome> commit_failed(Error error);
  [[nodiscard]] bool is_wal_long() const;
  [[nodiscard]] Result<void> checkpoint(ledger_upkeep::CheckpointMode how);

  LedgerLock lock_;  // given up after the connection is closed
  std::string path_;
  LedgerLimits limits_;
  bool changed_ = true;                              // since the last maintain: not idle
  ledger_upkeep::Wal wal_{.frames = 1, .moved = 0};  // an earlier run may have left something
};

/// Reads a ledger that this or another process writes, on a connection that cannot write and never
/// checkpoints. Each call sees the newest commit. One thread at a time; open as many as needed.
class SqliteLedgerReader final : public WithLedgerReads<LedgerReader> {
 public:
  /// kNotFound, kTooNew; kConflict for an older ledger, which its worker must migrate first.
  [[nodiscard]] static Result<std::unique_ptr<SqliteLedgerReader>> open(const std::string& path);

  /// For a ledger whose worker is stopped: keeps it stopped meanwhile. kConflict when it runs.
  /// Changes nothing on disk, unless a worker was killed: then SQLite's index of the WAL is made
  /// beside the file.
  [[nodiscard]] static Result<std::unique_ptr<SqliteLedgerReader>> open_stopped(
      const std::string& path);

 private:
  SqliteLedgerReader(SqliteDb db, std::optional<LedgerLock> lock)
      : WithLedgerReads(std::move(db)), lock_(std::move(lock)) {}
  [[nodiscard]] static Result<std::unique_ptr<SqliteLedgerReader>> open_with(
      const std::string& path, std::optional<LedgerLock> lock, bool is_unchanging);

  std::optional<LedgerLock> lock_;
};

}  // namespace meterbill
