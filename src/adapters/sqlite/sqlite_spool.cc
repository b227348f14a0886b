#include "adapters/sqlite/sqlite_spool.h"

#include <fmt/format.h>

#include <algorithm>

#include "adapters/sqlite/spool_folded.h"
#include "adapters/sqlite/spool_open.h"
#include "adapters/sqlite/spool_tally.h"
#include "base/assert.h"

namespace meterbill {
namespace {

constexpr std::int64_t kRoomForLongUs = std::int64_t{24} * 3'600 * 1'000'000;

Result<std::int64_t> epoch_key(SqliteDb& db, const EpochId& epoch) {
  MB_TRY(auto select, db.query("SELECT id FROM epochs WHERE epoch=?"));
  select->bind(1, epoch.str());
  MB_TRY(const bool found, select->step());
  return found ? select->integer(0) : 0;
}

void bind_cover(const SqliteQuery& query, int first, const std::optional<Cover>& cover) {
  if (!cover) return;  // unbound parameters are NULL
  query->bind(first, cover->from_us)
      .bind(first + 1, cover->to_us)
      .bind(first + 2, cover->metered_us)
      .bind(first + 3, cover->estimated_us)
      .bind(first + 4, cover->off_us);
}

}  // namespace

SqliteSpool::SqliteSpool(std::string path, SqliteSpoolOptions options, SqliteDb db)
    : path_(std::move(path)), options_(std::move(options)), db_(std::move(db)) {}

SqliteSpool::~SqliteSpool() {
  if (!db_.in_transaction()) return;
  // What this fails to say is said by the next run: the rows are sent once more.
  if (auto left_open = SqliteTransaction::begin_or_join(db_))
    static_cast<void>(left_open.value().commit());
}

Result<SqliteSpool::Opened> SqliteSpool::open(const std::string& path,
                                              const SqliteSpoolOptions& options, UtcTime now) {
  std::string damaged;
  MB_TRY(SqliteDb db, open_or_begin(path, options, now, damaged));
  std::unique_ptr<SqliteSpool> spool(new SqliteSpool(path, options, std::move(db)));
  MB_TRY(spool->folded_, in("read what was folded", read_folded(spool->db_)));
  return Opened{.spool = std::move(spool), .damaged = std::move(damaged)};
}

Result<std::string> SqliteSpool::begin_anew(UtcTime now) {
  std::string kept = "nowhere: the file was removed";
  const bool there = !lost_ && !db_.moved();
  // The old connection must be gone first: when it closes it removes the log by its name, which
  // would be the new file's.
  MB_TRY(db_, SqliteDb::open(":memory:", {.read_only = true}));
  lost_ = true;
  if (there) {
    MB_TRY(kept, move_aside(path_, now));
  }
  MB_TRY(db_, open_or_begin(path_, options_, now, kept));
  fold_from_ = {};
  folded_.reset();
  lost_ = false;
  return kept;
}

Result<Past> SqliteSpool::load() {
  Past past;
  MB_TRY(past.checkpoint, in("load checkpoint", load_checkpoint()));
  MB_TRY(past.epochs, in("load epochs", load_epochs()));
  return past;
}

Result<std::optional<Checkpoint>> SqliteSpool::load_checkpoint() {
  MB_TRY(auto row, db_.query("SELECT boot, utc_us, monotonic_us, boot_us, cpu_busy_us, cores, "
                             "memory_total_kib, memory_rest, memory_capacity_rest, ended "
                             "FROM checkpoint"));
  MB_TRY(const bool found, row->step());
  if (!found) return std::optional<Checkpoint>();
  const std::int64_t end = row->integer(9);
  if (end < 0 || end > static_cast<int>(EndMark::kOperator))
    return fail(Code::kDamaged, fmt::format("end mark {}", end));
  Checkpoint checkpoint{
      .boot = BootId(std::string(row->text(0))),
      .at = {.utc = {row->integer(1)}, .monotonic_us = row->integer(2), .boot_us = row->integer(3)},
      .cpu_busy_us = row->integer(4),
      .cores = row->integer(5),
      .memory_total_kib = {},
      .memory_rest = row->integer(7),
      .memory_capacity_rest = row->integer(8),
      .end = static_cast<EndMark>(end)};
  if (!row->is_null(6)) checkpoint.memory_total_kib = row->integer(6);
  return std::optional<Checkpoint>(std::move(checkpoint));
}

Result<Labels> SqliteSpool::load_labels(std::int64_t epoch) {
  MB_TRY(auto row, db_.query("SELECT name, value FROM labels WHERE epoch=?"));
  row->bind(1, epoch);
  Labels labels;
  for (;;) {
    MB_TRY(const bool found, row->step());
    if (!found) return labels;
    labels.emplace(row->text(0), row->text(1));
  }
}

Result<std::vector<Epoch>> SqliteSpool::load_epochs() {
  MB_TRY(auto row, db_.query("SELECT id, epoch, boot, started, machine FROM epochs "
                             "ORDER BY id DESC LIMIT ?"));
  row->bind(1, kEpochsKept);
  std::vector<Epoch> epochs;
  for (;;) {
    MB_TRY(const bool found, row->step());
    if (!found) return epochs;
    Epoch epoch;
    epoch.id = EpochId(std::string(row->text(1)));
    epoch.boot = BootId(std::string(row->text(2)));
    MB_TRY(epoch.started, Slot::from_unix_seconds(row->integer(3)));
    epoch.machine = MachineId(std::string(row->text(4)));
    MB_TRY(epoch.labels, load_labels(row->integer(0)));
    epochs.push_back(std::move(epoch));
  }
}

Result<void> SqliteSpool::save(const TickRecord& tick) {
  MB_ASSERT(!tick.epochs.empty());
  if (lost_ || db_.moved()) return fail(Code::kDamaged, path_ + " was removed or replaced");
  MB_TRY(bool tight, in("save tick", stays_tight(tick.checkpoint.at.utc)));
  for (;;) {
    auto saved = save_once(tick, tight);
    if (saved || saved.error().code != Code::kDiskFull) return in("save tick", std::move(saved));
    // The file's own limit and a full disk look the same; what was acknowledged can go either way.
    const auto made = make_room(tick.checkpoint.at.utc);
    if (made && made.value()) continue;
    if (tight) return in("save tick", std::move(saved));
    tight = true;
  }
}

Result<void> SqliteSpool::save_once(const TickRecord& tick, bool tight) {
  MB_TRY(auto transaction, SqliteTransaction::begin_or_join(db_));
  SpoolPlaces places = places_;
  FoldedRows folded;
  for (const EpochTotals& totals : tick.epochs) {
    MB_TRYV(save_epoch(totals, places, tight, folded));
  }
  MB_TRYV(mark_final(tick));
  MB_TRYV(save_checkpoint(tick.checkpoint));
  MB_TRY(const bool is_told, save_folded(folded, tight, tick.checkpoint.at.utc));
  MB_TRYV(transaction.commit());
  places_ = std::move(places);
  places_.forget_final(tick.epochs.back().epoch.id, tick.current);
  if (!is_told) return ok();
  MB_TRY(folded_, read_folded(db_));
  return ok();
}

/// Folding has an end when there is room for long, not whenever a fold made a little: half of the
/// rows could go, or none had to be folded for a day. False: there is nothing new to tell.
Result<bool> SqliteSpool::save_folded(const FoldedRows& more, bool tight, UtcTime now) {
  if (more.rows > 0) {
    MB_TRYV(add_folded(db_, more, now));
    return true;
  }
  if (tight || !folded_ || !folded_->going_on_since) return false;
  MB_TRY(const SpoolCounts counts, read_tally(db_));
  if (counts.waiting * 2 > counts.kept && now.us - folded_->last_at.us < kRoomForLongUs)
    return false;
  MB_TRYV(end_folding(db_));
  return true;
}

Result<void> SqliteSpool::save_epoch(const EpochTotals& totals, SpoolPlaces& places, bool tight,
                                     FoldedRows& folded) {
  MB_TRY(std::int64_t key, epoch_key(db_, totals.epoch.id));
  if (key == 0) {
    MB_TRY(auto insert,
           db_.query("INSERT INTO epochs(epoch, boot, started, machine) VALUES(?,?,?,?)"));
    insert->bind(1, totals.epoch.id.str()).bind(2, totals.epoch.boot.str());
    insert->bind(3, totals.epoch.started.unix_seconds()).bind(4, totals.epoch.machine.str());
    MB_TRYV(insert->run());
    MB_TRY(key, epoch_key(db_, totals.epoch.id));
    MB_TRY(auto label, db_.query("INSERT INTO labels VALUES(?,?,?)"));
    for (const auto& [name, value] : totals.epoch.labels) {
      MB_TRYV(label->bind(1, key).bind(2, name).bind(3, value).run());
    }
  }
  MB_TRY(const std::vector<Reading> rows, places.rows_of(totals, tight, folded));
  for (const Reading& row : rows) {
    fold_from_ = std::min(fold_from_, {.epoch = key, .slot = row.slot.unix_seconds()});
    MB_TRYV(save_reading(key, row));
  }
  return ok();
}

/// What grows is not final, even if it was: `mark_final` counts the slot's scopes anew.
Result<void> SqliteSpool::save_reading(std::int64_t epoch, const Reading& reading) {
  MB_TRY(auto insert,
         db_.query("INSERT INTO rows(epoch, slot, scope, used, from_us, to_us, metered_us, "
                   "estimated_us, off_us, version) VALUES(?,?,?,?,?,?,?,?,?,1) "
                   "ON CONFLICT DO UPDATE SET used=excluded.used, to_us=excluded.to_us, "
                   "metered_us=excluded.metered_us, estimated_us=excluded.estimated_us, "
                   "off_us=excluded.off_us, version=version+1, final=0"));
  insert->bind(1, epoch).bind(2, reading.slot.unix_seconds()).bind(3, reading.scope.str());
  insert->bind(4, used_text(reading.used));
  bind_cover(insert, 5, reading.cover);
  return insert->run();
}

/// A refused row gets one more try when it is final: that may be what it lacked.
Result<void> SqliteSpool::mark_final(const TickRecord& tick) {
  MB_TRY(const std::int64_t running, epoch_key(db_, tick.epochs.back().epoch.id));
  MB_TRY(auto update,
         db_.query("UPDATE rows INDEXED BY growing SET final=1, version=version+1, aside=NULL, "
                   "aside_at=NULL, "
                   "scopes=CASE scope WHEN 'machine' THEN (SELECT count(*) FROM rows AS r "
                   "WHERE r.epoch=rows.epoch AND r.slot=rows.slot) ELSE 0 END "
                   "WHERE final=0 AND (epoch<>?1 OR slot<?2 OR ?3)"));
  update->bind(1, running).bind(2, tick.current.unix_seconds());
  return update->bind(3, tick.ended ? std::int64_t{1} : std::int64_t{0}).run();
}

Result<void> SqliteSpool::save_checkpoint(const Checkpoint& checkpoint) {
  MB_TRY(auto insert, db_.query("INSERT OR REPLACE INTO checkpoint VALUES(1,?,?,?,?,?,?,?,?,?,?)"));
  insert->bind(1, checkpoint.boot.str())
      .bind(2, checkpoint.at.utc.us)
      .bind(3, checkpoint.at.monotonic_us)
      .bind(4, checkpoint.at.boot_us)
      .bind(5, checkpoint.cpu_busy_us)
      .bind(6, checkpoint.cores)
      .bind(8, checkpoint.memory_rest)
      .bind(9, checkpoint.memory_capacity_rest)
      .bind(10, static_cast<std::int64_t>(checkpoint.end));
  if (checkpoint.memory_total_kib) insert->bind(7, *checkpoint.memory_total_kib);
  return insert->run();
}

Result<bool> SqliteSpool::drop_acknowledged() {
  MB_TRY(auto transaction, SqliteTransaction::begin_or_join(db_));
  MB_TRY(const auto remove, db_.query("DELETE FROM rows INDEXED BY settled "
                                      "WHERE final=1 AND version=acknowledged"));
  MB_TRYV(remove->run());
  const bool dropped = db_.changes() > 0;
  MB_TRYV(transaction.commit());
  return dropped;
}

Result<bool> SqliteSpool::fold_scopes(UtcTime now) {
  MB_TRY(auto transaction, SqliteTransaction::begin_or_join(db_));
  FoldPlace from = fold_from_;
  MB_TRY(const FoldedRows folded, fold_small_scopes(db_, from));
  if (folded.rows > 0) {
    MB_TRYV(add_folded(db_, folded, now));
  }
  MB_TRYV(transaction.commit());
  fold_from_ = from;
  MB_TRY(folded_, read_folded(db_));
  return folded.rows > 0;
}

Result<bool> SqliteSpool::make_room(UtcTime now) {
  MB_TRY(const bool dropped, in("drop what is acknowledged", drop_acknowledged()));
  if (dropped) return true;
  return in("fold small scopes", fold_scopes(now));
}

/// Nearly full even after room was made: from here on new scopes begin in `other`, and not only
/// when they do not fit: what is there must be able to grow, and each slot needs its machine's row.
Result<bool> SqliteSpool::stays_tight(UtcTime now) {
  for (;;) {
    MB_TRY(const bool tight, nearly_full());
    if (!tight) return false;
    const auto made = make_room(now);
    // Folding needs room, too: a full disk is the save's to tell.
    if (!made || !made.value()) return true;
  }
}

Result<bool> SqliteSpool::nearly_full() {
  MB_TRY(const std::int64_t pages, db_.integer("PRAGMA page_count"));
  MB_TRY(const std::int64_t unused, db_.integer("PRAGMA freelist_count"));
  return (pages - unused) * 10 > options_.page_count_max * 9;
}

}  // namespace meterbill
