#pragma once

#include <optional>

#include "adapters/sqlite/sqlite_ledger_connection.h"
#include "ports/ledger_store.h"

// Housekeeping between batches; each call does a bounded amount of work.
namespace meterbill::ledger_upkeep {

/// True when `forget` would do something: it costs an fsync, this does not.
[[nodiscard]] Result<bool> is_due(LedgerConnection& ledger, const LedgerLimits& limits,
                                  UtcTime now);

/// Event ids past their reach-back (and remembers up to when), evidence past its time or space,
/// settled quarantine past its space. In a write transaction.
[[nodiscard]] Result<void> forget(LedgerConnection& ledger, const LedgerLimits& limits,
                                  UtcTime now);

enum class CheckpointMode { kPassive, kTruncate };

/// How long the WAL is, and how much of it has been moved into the database file.
struct Wal {
  int frames = 0;
  int moved = 0;
  /// A commit has been written; a WAL moved whole begins again at its start.
  void written(int frames_now) {
    if (frames_now < frames) moved = 0;
    frames = frames_now;
  }
};

/// Moves committed pages from the WAL into the database file. Never waits for a reader: nothing
/// when one was in the way.
[[nodiscard]] Result<std::optional<Wal>> checkpoint(LedgerConnection& ledger, CheckpointMode how);

}  // namespace meterbill::ledger_upkeep
