#include "adapters/sqlite/sqlite_ledger_upkeep.h"

#include <sqlite3.h>

#include "adapters/sqlite/sqlite_ledger_quarantine.h"

namespace meterbill::ledger_upkeep {
namespace {

constexpr std::int64_t kHourUs = 3'600'000'000;
constexpr std::int64_t kEventsPerCall = 10'000;
constexpr int kBlocksPerCall = 64;
constexpr int kSettledPerCall = 256;

/// Whole hours: otherwise a busy ledger would forget, and sync, a few things after every batch.
std::int64_t forgotten_before(UtcTime now, std::int64_t keep_us) {
  return (now.us - keep_us) / kHourUs * kHourUs;
}

/// Once over the limit, room for a while is made, for the same reason.
std::int64_t evidence_room(const LedgerLimits& limits) {
  return limits.evidence_bytes_max - limits.evidence_bytes_max / 16;
}

Result<bool> any(LedgerConnection& ledger, std::string_view sql, std::int64_t before_us) {
  MB_TRY(auto query, ledger.query(sql));
  query->bind(1, before_us);
  return query->step();
}

Result<bool> events_due(LedgerConnection& ledger, std::int64_t before_us) {
  return any(ledger, "SELECT 1 FROM event_id WHERE at_us<?1 LIMIT 1", before_us);
}

Result<void> forget_events(LedgerConnection& ledger, std::int64_t before_us) {
  MB_TRY(const bool due, events_due(ledger, before_us));
  if (!due) return ok();
  // Remembered in the transaction that forgets the first of them: an id that is gone can never be
  // taken for new.
  MB_TRY(auto meta, ledger.query("UPDATE meta SET ids_forgotten_before_us="
                                 "max(coalesce(ids_forgotten_before_us, ?1), ?1)"));
  meta->bind(1, before_us);
  MB_TRYV(meta->run());
  MB_TRY(auto query,
         ledger.query("DELETE FROM event_id WHERE (source, id) IN "
                      "(SELECT source, id FROM event_id WHERE at_us<?1 ORDER BY at_us LIMIT ?2)"));
  query->bind(1, before_us).bind(2, kEventsPerCall);
  return query->run();
}

/// The oldest block, while it is past its time or there is more than `room`.
Result<bool> forget_block(LedgerConnection& ledger, std::int64_t before_us, std::int64_t room,
                          LedgerMeta& meta) {
  MB_TRY(auto oldest, ledger.query("SELECT batch, at_us, length(block)+ifnull(length(touched), 0) "
                                   "FROM evidence LEFT JOIN evidence_touched USING (batch) "
                                   "ORDER BY batch LIMIT 1"));
  MB_TRY(const bool found, oldest->step());
  if (!found || (oldest->integer(1) >= before_us && meta.evidence_bytes <= room)) return false;
  meta.evidence_bytes -= oldest->integer(2);
  // Clocks may have been set back: the latest of what was forgotten.
  MB_TRY(auto forgotten, ledger.query("UPDATE meta SET evidence_forgotten_us="
                                      "max(coalesce(evidence_forgotten_us, ?1), ?1)"));
  forgotten->bind(1, oldest->integer(1));
  MB_TRYV(forgotten->run());
  for (const char* const sql :
       {"DELETE FROM evidence_touched WHERE batch=?1", "DELETE FROM evidence WHERE batch=?1"}) {
    MB_TRY(auto query, ledger.query(sql));
    query->bind(1, oldest->integer(0));
    MB_TRYV(query->run());
  }
  return true;
}

Result<bool> settled_due(LedgerConnection& ledger, const LedgerLimits& limits,
                         const LedgerMeta& meta) {
  if (meta.quarantine_bytes <= limits.quarantine_bytes_max) return false;
  MB_TRY(auto query, ledger.query("SELECT 1 FROM quarantine WHERE state<>'held' LIMIT 1"));
  return query->step();
}

}  // namespace

Result<bool> is_due(LedgerConnection& ledger, const LedgerLimits& limits, UtcTime now) {
  MB_TRY(const LedgerMeta meta, read_meta(ledger));
  if (meta.evidence_bytes > limits.evidence_bytes_max) return true;
  MB_TRY(const bool settled, settled_due(ledger, limits, meta));
  if (settled) return true;
  MB_TRY(const bool events, events_due(ledger, forgotten_before(now, limits.event_reach_back_us)));
  if (events) return true;
  return any(ledger,
             "SELECT 1 FROM (SELECT at_us FROM evidence ORDER BY batch LIMIT 1) WHERE at_us<?1",
             forgotten_before(now, limits.evidence_keep_us));
}

Result<void> forget(LedgerConnection& ledger, const LedgerLimits& limits, UtcTime now) {
  MB_TRYV(forget_events(ledger, forgotten_before(now, limits.event_reach_back_us)));
  MB_TRY(LedgerMeta meta, read_meta(ledger));
  const bool over = meta.evidence_bytes > limits.evidence_bytes_max;
  const std::int64_t room = over ? evidence_room(limits) : limits.evidence_bytes_max;
  for (int blocks = 0; blocks < kBlocksPerCall; ++blocks) {
    MB_TRY(const bool forgot,
           forget_block(ledger, forgotten_before(now, limits.evidence_keep_us), room, meta));
    if (!forgot) break;
  }
  MB_TRYV(forget_settled(ledger, limits.quarantine_bytes_max, kSettledPerCall, meta));
  return write_meta(ledger, meta);
}

Result<std::optional<Wal>> checkpoint(LedgerConnection& ledger, CheckpointMode how) {
  sqlite3* const db = ledger.db().handle();
  Wal wal;
  // Waiting for a reader here would stop the billing of everybody for one slow page.
  sqlite3_busy_timeout(db, 0);
  const int mode =
      how == CheckpointMode::kTruncate ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE;
  const int result = sqlite3_wal_checkpoint_v2(db, "main", mode, &wal.frames, &wal.moved);
  Error error = sqlite_error(db, result);
  sqlite3_busy_timeout(db, kBusyMsMax);
  if (result == SQLITE_OK) return std::optional<Wal>(wal);
  if ((result & 0xff) == SQLITE_BUSY) return std::optional<Wal>();
  return std::move(error).in("checkpoint");
}

}  // namespace meterbill::ledger_upkeep
