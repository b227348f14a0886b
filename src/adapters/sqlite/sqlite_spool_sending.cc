// The sender's side of the spool: what waits, what was offered, what came back.
#include <fmt/format.h>

#include "adapters/sqlite/spool_fold.h"
#include "adapters/sqlite/spool_tally.h"
#include "adapters/sqlite/sqlite_spool.h"

namespace meterbill {
namespace {

std::optional<Cover> cover_at(const SqliteQuery& row, int first) {
  if (row->is_null(first)) return std::nullopt;
  return Cover{.from_us = row->integer(first),
               .to_us = row->integer(first + 1),
               .metered_us = row->integer(first + 2),
               .estimated_us = row->integer(first + 3),
               .off_us = row->integer(first + 4)};
}

}  // namespace

/// Epoch by epoch, so that rows of slots ahead of the clock are passed over, however many wait.
Result<std::vector<PendingRow>> SqliteSpool::pending(std::size_t limit, UtcTime now) {
  std::vector<PendingRow> rows;
  for (std::int64_t key = 0; rows.size() < limit;) {
    MB_TRY(key, next_waiting_epoch(key));
    if (key == 0) break;
    MB_TRYV(add_pending(key, limit, now, rows));
  }
  return rows;
}

/// 0 when no later one has a row that waits.
Result<std::int64_t> SqliteSpool::next_waiting_epoch(std::int64_t after) {
  MB_TRY(auto row, db_.query("SELECT epoch FROM rows INDEXED BY waiting "
                             "WHERE version>acknowledged AND aside IS NULL AND epoch>? "
                             "ORDER BY epoch LIMIT 1"));
  row->bind(1, after);
  MB_TRY(const bool found, row->step());
  return found ? row->integer(0) : 0;
}

Result<Epoch> SqliteSpool::load_epoch(std::int64_t key) {
  MB_TRY(auto row, db_.query("SELECT epoch, boot, started, machine FROM epochs WHERE id=?"));
  row->bind(1, key);
  MB_TRY(const bool found, row->step());
  if (!found)
    return fail(Code::kDamaged, fmt::format("rows of an epoch {} that is not there", key));
  Epoch epoch;
  epoch.id = EpochId(std::string(row->text(0)));
  epoch.boot = BootId(std::string(row->text(1)));
  MB_TRY(epoch.started, Slot::from_unix_seconds(row->integer(2)));
  epoch.machine = MachineId(std::string(row->text(3)));
  MB_TRY(epoch.labels, load_labels(key));
  return epoch;
}

Result<void> SqliteSpool::add_pending(std::int64_t key, std::size_t limit, UtcTime now,
                                      std::vector<PendingRow>& rows) {
  MB_TRY(auto row, db_.query("SELECT slot, scope, used, final, scopes, version, from_us, to_us, "
                             "metered_us, estimated_us, off_us FROM rows INDEXED BY waiting "
                             "WHERE version>acknowledged AND aside IS NULL AND epoch=? AND slot<=? "
                             "ORDER BY slot, scope LIMIT ?"));
  row->bind(1, key).bind(2, Slot::containing(now).unix_seconds());
  row->bind(3, static_cast<std::int64_t>(limit - rows.size()));
  std::optional<Epoch> epoch;
  for (;;) {
    MB_TRY(const bool found, row->step());
    if (!found) return ok();
    if (!epoch) {
      MB_TRY(epoch, load_epoch(key));
    }
    PendingRow& pending = rows.emplace_back();
    pending.epoch = *epoch;
    MB_TRY(pending.reading.slot, Slot::from_unix_seconds(row->integer(0)));
    pending.reading.scope = ScopeName(std::string(row->text(1)));
    MB_TRY(pending.reading.used, parse_used(row->text(2)));
    pending.reading.final = row->integer(3) != 0;
    pending.reading.scopes = row->integer(4);
    pending.version = row->integer(5);
    pending.reading.cover = cover_at(row, 6);
  }
}

Result<void> SqliteSpool::mark_offered(std::span<const RowVersion> rows) {
  MB_TRY(auto transaction, SqliteTransaction::begin_or_join(db_));
  // Once offered, always offered: a row that grows tick by tick costs no write, and no sync, again
  // before it is acknowledged.
  MB_TRY(auto update, db_.query("UPDATE rows SET offered=?1 WHERE offered=0 "
                                "AND epoch=(SELECT id FROM epochs WHERE epoch=?2) "
                                "AND slot=?3 AND scope=?4"));
  for (const RowVersion& row : rows) {
    update->bind(1, row.version).bind(2, row.key.epoch.str());
    MB_TRYV(update->bind(3, row.key.slot.unix_seconds()).bind(4, row.key.scope.str()).run());
  }
  return transaction.commit();
}

/// Of a tick's rows it is committed with the next tick, which saves a commit and a sync in each. A
/// kill takes it back until then: the rows are sent once more, which changes nothing. In one
/// transaction with the tick, not only without a sync: a log whose middle was never written would
/// take what is behind it with it.
Result<void> SqliteSpool::acknowledge(std::span<const RowVersion> rows, UtcTime now) {
  auto settled = settle(rows, now);
  if (settled || settled.error().code != Code::kDiskFull) return settled;
  // A full spool drops what is acknowledged: that needs no room, and makes some for the rest.
  MB_TRYV(drop_settled(rows));
  return settle(rows, now);
}

Result<void> SqliteSpool::settle(std::span<const RowVersion> rows, UtcTime now) {
  MB_TRY(auto transaction, SqliteTransaction::begin_or_join(db_));
  MB_TRY(auto update,
         db_.query("UPDATE rows SET acknowledged=max(acknowledged, ?1), acknowledged_at=?5, "
                   "offered=max(offered, ?1) "
                   "WHERE epoch=(SELECT id FROM epochs WHERE epoch=?2) AND slot=?3 AND scope=?4"));
  for (const RowVersion& row : rows) {
    update->bind(1, row.version).bind(2, row.key.epoch.str()).bind(5, now.us);
    MB_TRYV(update->bind(3, row.key.slot.unix_seconds()).bind(4, row.key.scope.str()).run());
  }
  MB_TRY(const auto remove, db_.query("DELETE FROM rows INDEXED BY settled WHERE final=1 "
                                      "AND version=acknowledged AND repeated=1"));
  MB_TRYV(remove->run());
  // A full file's next tick may fail at first, to make room: by what is known to be acknowledged.
  MB_TRY(const bool is_full, nearly_full());
  if (is_full || rows.size() > kLeftOpenMax) return transaction.commit();
  transaction.leave_open();
  return ok();
}

/// Drops those that are final and have no newer version.
Result<void> SqliteSpool::drop_settled(std::span<const RowVersion> rows) {
  MB_TRY(auto transaction, SqliteTransaction::begin_or_join(db_));
  MB_TRY(auto remove,
         db_.query("DELETE FROM rows WHERE final=1 AND version=?1 "
                   "AND epoch=(SELECT id FROM epochs WHERE epoch=?2) AND slot=?3 AND scope=?4"));
  for (const RowVersion& row : rows) {
    remove->bind(1, row.version).bind(2, row.key.epoch.str());
    MB_TRYV(remove->bind(3, row.key.slot.unix_seconds()).bind(4, row.key.scope.str()).run());
  }
  return transaction.commit();
}

Result<void> SqliteSpool::set_aside(const RowVersion& row, const std::string& reason, UtcTime now) {
  MB_TRY(auto transaction, SqliteTransaction::begin_or_join(db_));
  MB_TRY(auto update,
         db_.query("UPDATE rows SET aside=?1, aside_at=?2 WHERE version=?6 AND slot=?4 "
                   "AND epoch=(SELECT id FROM epochs WHERE epoch=?3) AND scope=?5"));
  update->bind(1, reason).bind(2, now.us).bind(3, row.key.epoch.str());
  update->bind(4, row.key.slot.unix_seconds()).bind(5, row.key.scope.str());
  MB_TRYV(update->bind(6, row.version).run());
  const bool is_there = db_.changes() > 0;
  MB_TRYV(transaction.commit());
  if (!is_there) return fail(Code::kNotFound, "the row has changed since it was read");
  return ok();
}

Result<std::int64_t> SqliteSpool::repeat_old(UtcTime now) {
  MB_TRY(auto transaction, SqliteTransaction::begin_or_join(db_));
  MB_TRY(auto update, db_.query("UPDATE rows INDEXED BY settled SET acknowledged=0, repeated=1 "
                                "WHERE final=1 AND version=acknowledged AND repeated=0 "
                                "AND acknowledged_at<=?"));
  MB_TRYV(update->bind(1, now.us - kKeepAcknowledgedUs).run());
  const std::int64_t repeated = db_.changes();
  MB_TRY(auto remove, db_.query("DELETE FROM epochs WHERE id<=(SELECT max(id) FROM epochs)-? "
                                "AND NOT EXISTS(SELECT 1 FROM rows WHERE rows.epoch=epochs.id)"));
  MB_TRYV(remove->bind(1, kEpochsKept).run());
  MB_TRYV(transaction.commit());
  return repeated;
}

Result<std::int64_t> SqliteSpool::offer_again() {
  MB_TRY(auto transaction, SqliteTransaction::begin_or_join(db_));
  MB_TRYV(db_.execute("UPDATE rows SET acknowledged=0, aside=NULL, aside_at=NULL"));
  const std::int64_t rows = db_.changes();
  MB_TRYV(transaction.commit());
  return rows;
}

Result<SpoolCounts> SqliteSpool::counts() {
  MB_TRY(SpoolCounts counts, read_tally(db_));
  MB_TRY(counts.tight, nearly_full());
  counts.folded = folded_;
  return counts;
}

Result<std::vector<AsideRow>> SqliteSpool::aside(std::size_t limit) {
  MB_TRY(auto row, db_.query("SELECT e.epoch, r.slot, r.scope, r.aside, r.aside_at FROM rows AS r "
                             "INDEXED BY refused CROSS JOIN epochs AS e ON e.id=r.epoch "
                             "WHERE r.aside IS NOT NULL "
                             "ORDER BY r.aside_at, r.epoch, r.slot, r.scope LIMIT ?"));
  row->bind(1, static_cast<std::int64_t>(limit));
  std::vector<AsideRow> rows;
  for (;;) {
    MB_TRY(const bool found, row->step());
    if (!found) return rows;
    AsideRow& aside = rows.emplace_back();
    MB_TRY(aside.key.slot, Slot::from_unix_seconds(row->integer(1)));
    aside.key.epoch = EpochId(std::string(row->text(0)));
    aside.key.scope = ScopeName(std::string(row->text(2)));
    aside.reason = std::string(row->text(3));
    aside.since = {row->integer(4)};
  }
}

}  // namespace meterbill
