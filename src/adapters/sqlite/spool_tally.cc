#include "adapters/sqlite/spool_tally.h"

namespace meterbill {
namespace {

/// Slots of which rows wait are counted each for itself, so that the oldest is known.
constexpr const char* kTally = R"(
CREATE TEMP TABLE tally(kept INTEGER NOT NULL, waiting INTEGER NOT NULL, aside INTEGER NOT NULL)
  STRICT;
CREATE TEMP TABLE waiting_slots(slot INTEGER PRIMARY KEY, rows INTEGER NOT NULL) STRICT;
INSERT INTO tally
  SELECT count(*), count(*) FILTER (WHERE version>acknowledged AND aside IS NULL), count(aside)
  FROM main.rows;
INSERT INTO waiting_slots
  SELECT slot, count(*) FROM main.rows WHERE version>acknowledged AND aside IS NULL GROUP BY slot;

CREATE TEMP TRIGGER counts_new AFTER INSERT ON main.rows BEGIN
  UPDATE tally SET kept=kept+1, aside=aside+(NEW.aside IS NOT NULL);
END;
CREATE TEMP TRIGGER counts_new_waiting AFTER INSERT ON main.rows
WHEN NEW.version>NEW.acknowledged AND NEW.aside IS NULL BEGIN
  UPDATE tally SET waiting=waiting+1;
  INSERT INTO waiting_slots VALUES(NEW.slot, 1) ON CONFLICT DO UPDATE SET rows=rows+1;
END;
CREATE TEMP TRIGGER counts_gone AFTER DELETE ON main.rows BEGIN
  UPDATE tally SET kept=kept-1, aside=aside-(OLD.aside IS NOT NULL);
END;
CREATE TEMP TRIGGER counts_gone_waiting AFTER DELETE ON main.rows
WHEN OLD.version>OLD.acknowledged AND OLD.aside IS NULL BEGIN
  UPDATE tally SET waiting=waiting-1;
  UPDATE waiting_slots SET rows=rows-1 WHERE slot=OLD.slot;
  DELETE FROM waiting_slots WHERE slot=OLD.slot AND rows=0;
END;
CREATE TEMP TRIGGER counts_begin AFTER UPDATE OF version, acknowledged, aside ON main.rows
WHEN NEW.version>NEW.acknowledged AND NEW.aside IS NULL
  AND NOT(OLD.version>OLD.acknowledged AND OLD.aside IS NULL) BEGIN
  UPDATE tally SET waiting=waiting+1;
  INSERT INTO waiting_slots VALUES(NEW.slot, 1) ON CONFLICT DO UPDATE SET rows=rows+1;
END;
CREATE TEMP TRIGGER counts_end AFTER UPDATE OF version, acknowledged, aside ON main.rows
WHEN OLD.version>OLD.acknowledged AND OLD.aside IS NULL
  AND NOT(NEW.version>NEW.acknowledged AND NEW.aside IS NULL) BEGIN
  UPDATE tally SET waiting=waiting-1;
  UPDATE waiting_slots SET rows=rows-1 WHERE slot=OLD.slot;
  DELETE FROM waiting_slots WHERE slot=OLD.slot AND rows=0;
END;
CREATE TEMP TRIGGER counts_aside AFTER UPDATE OF aside ON main.rows
WHEN (OLD.aside IS NULL)<>(NEW.aside IS NULL) BEGIN
  UPDATE tally SET aside=aside+(NEW.aside IS NOT NULL)-(OLD.aside IS NOT NULL);
END;
)";

}  // namespace

Result<void> begin_tally(SqliteDb& db) { return db.execute(kTally); }

Result<SpoolCounts> read_tally(SqliteDb& db) {
  MB_TRY(auto row, db.query("SELECT kept, waiting, aside, (SELECT min(slot) FROM waiting_slots) "
                            "FROM tally"));
  MB_TRYV(row->step());
  SpoolCounts counts;
  counts.kept = row->integer(0);
  counts.waiting = row->integer(1);
  counts.aside = row->integer(2);
  if (!row->is_null(3)) counts.oldest = UtcTime{row->integer(3) * 1'000'000};
  return counts;
}

}  // namespace meterbill
