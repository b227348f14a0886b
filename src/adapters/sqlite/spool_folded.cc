#include "adapters/sqlite/spool_folded.h"

namespace meterbill {

Result<void> add_folded(SqliteDb& db, const FoldedRows& more, UtcTime now) {
  MB_TRY(auto insert,
         db.query("INSERT INTO folded VALUES(1, ?1, ?2, ?3, ?4, ?4, ?4) ON CONFLICT DO UPDATE "
                  "SET rows=rows+excluded.rows, first_slot=min(first_slot, excluded.first_slot), "
                  "last_slot=max(last_slot, excluded.last_slot), last_at=excluded.last_at, "
                  "going_on_since=ifnull(going_on_since, excluded.going_on_since)"));
  insert->bind(1, more.rows).bind(2, more.first_slot).bind(3, more.last_slot);
  return insert->bind(4, now.us).run();
}

Result<void> end_folding(SqliteDb& db) {
  MB_TRY(const auto update, db.query("UPDATE folded SET going_on_since=NULL"));
  return update->run();
}

Result<std::optional<Folded>> read_folded(SqliteDb& db) {
  MB_TRY(auto row, db.query("SELECT rows, first_slot, last_slot, first_at, last_at, "
                            "going_on_since FROM folded"));
  MB_TRY(const bool found, row->step());
  if (!found) return std::optional<Folded>();
  Folded folded;
  folded.rows = row->integer(0);
  MB_TRY(folded.first_slot, Slot::from_unix_seconds(row->integer(1)));
  MB_TRY(folded.last_slot, Slot::from_unix_seconds(row->integer(2)));
  folded.first_at = {row->integer(3)};
  folded.last_at = {row->integer(4)};
  if (!row->is_null(5)) folded.going_on_since = UtcTime{row->integer(5)};
  return std::optional<Folded>(folded);
}

}  // namespace meterbill
