#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "adapters/sqlite/spool_fold.h"
#include "adapters/sqlite/spool_places.h"
#include "adapters/sqlite/sqlite_db.h"
#include "ports/spool.h"

namespace meterbill {

struct SqliteSpoolOptions {
  /// The file's limit, in pages of 4 KiB; 64 MiB hold more than a year of a machine's slots.
  std::int64_t page_count_max = 16'384;
  /// Whose the epochs of a file of schema 1 are: those did not say.
  MachineId machine = {};
};

/// The spool in one SQLite file, held exclusively: a second agent on the same file is refused.
///
/// Not a log of its own: atomic, durable and bounded is what SQLite already is, and the totals are
/// a table that is updated in place, not a queue that grows.
class SqliteSpool final : public Spool {
 public:
  struct Opened;

  /// Opens or creates `path`. A damaged file is kept under another name and a new one begun.
  /// kTooNew: written by a newer program, and left as it is; kConflict: another agent has it.
  [[nodiscard]] static Result<Opened> open(const std::string& path,
                                           const SqliteSpoolOptions& options, UtcTime now);
  SqliteSpool(const SqliteSpool&) = delete;
  SqliteSpool& operator=(const SqliteSpool&) = delete;
  /// Makes durable what was acknowledged last.
  ~SqliteSpool() override;

  [[nodiscard]] Result<Past> load() override;
  [[nodiscard]] Result<void> save(const TickRecord& tick) override;
  [[nodiscard]] Result<std::vector<PendingRow>> pending(std::size_t limit, UtcTime now) override;
  [[nodiscard]] Result<void> mark_offered(std::span<const RowVersion> rows) override;
  [[nodiscard]] Result<void> acknowledge(std::span<const RowVersion> rows, UtcTime now) override;
  [[nodiscard]] Result<void> set_aside(const RowVersion& row, const std::string& reason,
                                       UtcTime now) override;
  [[nodiscard]] Result<std::int64_t> repeat_old(UtcTime now) override;
  [[nodiscard]] Result<std::int64_t> offer_again() override;
  [[nodiscard]] Result<SpoolCounts> counts() override;
  [[nodiscard]] Result<std::vector<AsideRow>> aside(std::size_t limit) override;
  [[nodiscard]] Result<std::string> begin_anew(UtcTime now) override;

 private:
  static constexpr std::int64_t kEpochsKept = 100;  // without rows; more than the starts of a slot
  static constexpr std::size_t kLeftOpenMax = 100;  // rows of an acknowledgement

  SqliteSpool(std::string path, SqliteSpoolOptions options, SqliteDb db);

  Result<void> save_once(const TickRecord& tick, bool tight);
  Result<void> save_epoch(const EpochTotals& totals, SpoolPlaces& places, bool tight,
                          FoldedRows& folded);
  Result<bool> save_folded(const FoldedRows& more, bool tight, UtcTime now);
  Result<void> save_reading(std::int64_t epoch, const Reading& reading);
  Result<void> mark_final(const TickRecord& tick);
  Result<void> save_checkpoint(const Checkpoint& checkpoint);
  Result<std::optional<Checkpoint>> load_checkpoint();
  Result<std::vector<Epoch>> load_epochs();
  Result<Labels> load_labels(std::int64_t epoch);
  Result<std::int64_t> next_waiting_epoch(std::int64_t after);
  Result<Epoch> load_epoch(std::int64_t key);
  Result<void> add_pending(std::int64_t key, std::size_t limit, UtcTime now,
                           std::vector<PendingRow>& rows);
  Result<void> settle(std::span<const RowVersion> rows, UtcTime now);
  Result<void> drop_settled(std::span<const RowVersion> rows);
  Result<bool> drop_acknowledged();
  Result<bool> fold_scopes(UtcTime now);
  Result<bool> make_room(UtcTime now);
  Result<bool> stays_tight(UtcTime now);
  Result<bool> nearly_full();

  std::string path_;
  SqliteSpoolOptions options_;
  SqliteDb db_;
  SpoolPlaces places_;
  FoldPlace fold_from_;           // nothing before it can be folded
  std::optional<Folded> folded_;  // as the file says
  bool lost_ = false;             // db_ is a stand-in: the file could not be begun anew yet
};

struct SqliteSpool::Opened {
  std::unique_ptr<SqliteSpool> spool;
  std::string damaged;  ///< where the damaged file is kept; empty when it was sound
};

}  // namespace meterbill
