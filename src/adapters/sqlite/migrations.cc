#include "adapters/sqlite/migrations.h"

#include <fmt/format.h>

#include <array>

#include "adapters/sqlite/sqlite_ledger_backup.h"

namespace meterbill {
namespace {

// Times are µs since 1970 UTC (`_us`), slots unix seconds. docs/ledger.md says what each table
// means.
constexpr const char* kFirst = R"sql(
CREATE TABLE meta(
  id INTEGER PRIMARY KEY CHECK (id = 1),
  created_us INTEGER NOT NULL DEFAULT 0,
  commits INTEGER NOT NULL DEFAULT 0,
  segments_digest TEXT NOT NULL DEFAULT '',
  ids_forgotten_before_us INTEGER,
  last_backup_us INTEGER,
  evidence_bytes INTEGER NOT NULL DEFAULT 0,
  quarantine_bytes INTEGER NOT NULL DEFAULT 0,
  quarantine_held INTEGER NOT NULL DEFAULT 0,
  quarantine_released INTEGER NOT NULL DEFAULT 0,
  quarantine_discarded INTEGER NOT NULL DEFAULT 0,
  quarantine_not_kept INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO meta(id) VALUES (1);

CREATE TABLE machine(machine INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE scope(scope INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE label_set(label_set INTEGER PRIMARY KEY, labels TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE meter(meter INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;

CREATE TABLE machine_facts(
  machine INTEGER PRIMARY KEY REFERENCES machine,
  first_slot INTEGER NOT NULL,
  last_slot INTEGER NOT NULL,
  last_seen_us INTEGER NOT NULL,
  retired_us INTEGER,
  cpu_usage_percent TEXT NOT NULL,
  memory_usage_percent TEXT NOT NULL
) STRICT;

CREATE TABLE epoch(
  epoch INTEGER PRIMARY KEY,
  machine INTEGER NOT NULL REFERENCES machine,
  name TEXT NOT NULL,
  boot TEXT NOT NULL,
  label_set INTEGER NOT NULL,
  UNIQUE (machine, name)
) STRICT;

CREATE TABLE usage_row(
  machine INTEGER NOT NULL REFERENCES machine,
  slot INTEGER NOT NULL CHECK (slot % 900 = 0),
  packed BLOB NOT NULL,
  PRIMARY KEY (machine, slot)
) STRICT, WITHOUT ROWID;

CREATE TABLE total(
  machine INTEGER NOT NULL REFERENCES machine,
  scope INTEGER NOT NULL REFERENCES scope,
  label_set INTEGER NOT NULL,
  meter INTEGER NOT NULL REFERENCES meter,
  segment INTEGER NOT NULL CHECK (segment % 900 = 0),
  quantity TEXT NOT NULL,
  PRIMARY KEY (machine, scope, label_set, meter, segment)
) STRICT, WITHOUT ROWID;

CREATE TABLE hold(
  machine INTEGER NOT NULL REFERENCES machine,
  epoch INTEGER NOT NULL REFERENCES epoch,
  from_slot INTEGER NOT NULL CHECK (from_slot % 900 = 0),
  PRIMARY KEY (machine, epoch)
) STRICT, WITHOUT ROWID;

CREATE TABLE decision(
  machine INTEGER NOT NULL REFERENCES machine,
  boot TEXT NOT NULL,
  decision TEXT NOT NULL,
  renamed_to INTEGER REFERENCES machine,
  decided_us INTEGER NOT NULL,
  PRIMARY KEY (machine, boot)
) STRICT, WITHOUT ROWID;

CREATE TABLE source(
  source TEXT PRIMARY KEY,
  fence INTEGER NOT NULL,
  applied INTEGER NOT NULL DEFAULT 0,
  repeated INTEGER NOT NULL DEFAULT 0,
  quarantined INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE position(
  source TEXT NOT NULL REFERENCES source,
  partition INTEGER NOT NULL,
  incarnation INTEGER NOT NULL,
  next_offset INTEGER NOT NULL,
  anchor_offset INTEGER,
  anchor_digest BLOB CHECK (anchor_digest IS NULL OR length(anchor_digest) = 32),
  replay_until INTEGER NOT NULL,
  PRIMARY KEY (source, partition)
) STRICT, WITHOUT ROWID;

CREATE TABLE event_id(
  source TEXT NOT NULL,
  id TEXT NOT NULL,
  at_us INTEGER NOT NULL,
  PRIMARY KEY (source, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX event_id_by_time ON event_id(at_us);

CREATE TABLE quarantine(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  source TEXT NOT NULL,
  partition INTEGER NOT NULL,
  "offset" INTEGER NOT NULL,
  machine BLOB NOT NULL,
  reading_key TEXT NOT NULL,
  weight INTEGER NOT NULL,
  ordinal INTEGER,
  reason TEXT NOT NULL,
  detail TEXT NOT NULL,
  first_us INTEGER NOT NULL,
  last_us INTEGER NOT NULL,
  count INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('held', 'released', 'discarded')),
  key BLOB NOT NULL,
  value BLOB NOT NULL,
  tombstone INTEGER NOT NULL,
  headers BLOB NOT NULL,
  recorded_us INTEGER NOT NULL,
  value_bytes INTEGER NOT NULL,
  value_sha256 BLOB NOT NULL CHECK (length(value_sha256) = 32),
  releasable INTEGER NOT NULL,
  stored_bytes INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX quarantine_held_reading ON quarantine(reading_key, reason)
  WHERE reading_key <> '' AND state = 'held';
CREATE INDEX quarantine_settled ON quarantine(id) WHERE state <> 'held';

CREATE TABLE evidence(
  batch INTEGER PRIMARY KEY,
  at_us INTEGER NOT NULL,
  items INTEGER NOT NULL,
  raw_bytes INTEGER NOT NULL,
  block BLOB NOT NULL
) STRICT;

CREATE TABLE recent(
  id INTEGER PRIMARY KEY,
  machine INTEGER NOT NULL REFERENCES machine,
  at_us INTEGER NOT NULL,
  cpu_usage TEXT NOT NULL,
  memory_usage TEXT NOT NULL,
  is_sample INTEGER NOT NULL
) STRICT;

CREATE TABLE price_version(
  meter TEXT NOT NULL,
  unit TEXT NOT NULL,
  scopes TEXT NOT NULL,
  valid_from TEXT NOT NULL,
  digest TEXT NOT NULL,
  PRIMARY KEY (meter, unit, scopes, valid_from)
) STRICT, WITHOUT ROWID;
)sql";

// Holds bind fewer epochs than before: without the digest, the worker's next start derives holds
// and totals anew.
constexpr const char* kDiscardedFrom = R"sql(
ALTER TABLE hold ADD COLUMN discarded_from INTEGER CHECK (discarded_from % 900 = 0);
UPDATE meta SET segments_digest='';
)sql";

// What was seen of an epoch was only known of its machine: that is the latest it can have been. The
// facts of names that boots were renamed from or to are derived anew with the totals.
constexpr const char* kSeenEpochs = R"sql(
ALTER TABLE machine_facts ADD COLUMN percent_us INTEGER NOT NULL DEFAULT 0;
UPDATE machine_facts SET percent_us=last_seen_us
  WHERE cpu_usage_percent<>'' OR memory_usage_percent<>'';
ALTER TABLE epoch ADD COLUMN last_seen_us INTEGER NOT NULL DEFAULT 0;
ALTER TABLE epoch ADD COLUMN percent_us INTEGER NOT NULL DEFAULT 0;
ALTER TABLE epoch ADD COLUMN cpu_usage_percent TEXT NOT NULL DEFAULT '';
ALTER TABLE epoch ADD COLUMN memory_usage_percent TEXT NOT NULL DEFAULT '';
UPDATE epoch SET (last_seen_us, percent_us, cpu_usage_percent, memory_usage_percent)=
  (f.last_seen_us, f.percent_us, f.cpu_usage_percent, f.memory_usage_percent)
  FROM machine_facts f WHERE f.machine=epoch.machine;
UPDATE meta SET segments_digest='';
)sql";

// A machine's totals of a price segment in one row. They are derived: the worker's next start sums
// them anew.
constexpr const char* kPackedTotals = R"sql(
DROP TABLE total;
CREATE TABLE total(
  machine INTEGER NOT NULL REFERENCES machine,
  segment INTEGER NOT NULL CHECK (segment % 900 = 0),
  packed BLOB NOT NULL,
  PRIMARY KEY (machine, segment)
) STRICT, WITHOUT ROWID;
UPDATE meta SET segments_digest='';
)sql";

// Which rows the batches of an older program touched is not known, nor whether it forgot evidence:
// none of before its oldest is taken for kept.
constexpr const char* kTouchedRows = R"sql(
CREATE TABLE evidence_touched(
  batch INTEGER PRIMARY KEY REFERENCES evidence,
  touched BLOB NOT NULL
) STRICT;
ALTER TABLE meta ADD COLUMN evidence_forgotten_us INTEGER;
UPDATE meta SET evidence_forgotten_us=
  coalesce((SELECT at_us FROM evidence ORDER BY batch LIMIT 1), unixepoch() * 1000000)
  WHERE commits>0;
)sql";

// Gaps were only known to the running worker.
constexpr const char* kGaps = R"sql(
CREATE TABLE gap(
  source TEXT NOT NULL REFERENCES source,
  partition INTEGER NOT NULL,
  incarnation INTEGER NOT NULL,
  from_offset INTEGER NOT NULL,
  to_offset INTEGER NOT NULL CHECK (to_offset >= from_offset),
  after_us INTEGER,
  detected_us INTEGER NOT NULL,
  PRIMARY KEY (source, partition, incarnation, from_offset)
) STRICT, WITHOUT ROWID;
ALTER TABLE position ADD COLUMN anchor_recorded_us INTEGER;
)sql";

// Totals of time stand beside those of meters: without the digest, the worker's next start sums all
// totals anew.
constexpr const char* kTimeTotals = R"sql(
UPDATE meta SET segments_digest='';
)sql";

// Agents of one boot that overlap cover their time once: those totals are summed anew, too.
constexpr const char* kCoveredOnce = kTimeTotals;

constexpr std::array kMigrations{Migration{kFirst},       Migration{kDiscardedFrom},
                                 Migration{kSeenEpochs},  Migration{kPackedTotals},
                                 Migration{kTouchedRows}, Migration{kGaps},
                                 Migration{kTimeTotals},  Migration{kCoveredOnce}};

Result<void> run_steps(SqliteDb& db, std::span<const Migration> steps, std::size_t from) {
  MB_TRY(SqliteTransaction transaction, SqliteTransaction::begin(db));
  for (std::size_t step = from; step < steps.size(); ++step) {
    MB_TRYV(in(fmt::format("schema version {}", step + 1), db.execute(steps[step].sql)));
  }
  MB_TRYV(db.execute(fmt::format("PRAGMA application_id={}; PRAGMA user_version={}",
                                 kLedgerApplicationId, steps.size())));
  return transaction.commit();
}

}  // namespace

std::span<const Migration> ledger_migrations() { return kMigrations; }

Result<LedgerState> inspect_ledger(SqliteDb& db, std::span<const Migration> steps) {
  MB_TRY(const std::int64_t application, db.integer("PRAGMA application_id"));
  MB_TRY(const std::int64_t version, db.integer("PRAGMA user_version"));
  if (application != kLedgerApplicationId) {
    MB_TRY(const std::int64_t tables, db.integer("SELECT count(*) FROM sqlite_schema"));
    if (application == 0 && version == 0 && tables == 0) return LedgerState::kNew;
    return fail(Code::kInvalid, "this SQLite file is no ledger of MeterBill; name another file");
  }
  const auto ours = static_cast<std::int64_t>(steps.size());
  if (version > ours)
    return fail(Code::kTooNew,
                fmt::format("its schema version is {}, this program knows up to {}: install the "
                            "program that wrote it, or put its copy from before the migration, "
                            "ledger.db.before-{}, in place",
                            version, ours, version));
  return version == ours ? LedgerState::kCurrent : LedgerState::kOlder;
}

Result<void> migrate_ledger(SqliteDb& db, const std::string& path,
                            std::span<const Migration> steps) {
  MB_TRY(const LedgerState state, inspect_ledger(db, steps));
  if (state == LedgerState::kCurrent) return ok();
  if (state == LedgerState::kNew) return in("create ledger", run_steps(db, steps, 0));
  MB_TRY(const std::int64_t version, db.integer("PRAGMA user_version"));
  const std::string copy = fmt::format("{}.before-{}", path, steps.size());
  MB_TRY(SqliteDb snapshot, in("copy before migration", open_snapshot(path)));
  MB_TRYV(in("copy before migration",
             copy_ledger(std::move(snapshot), copy, Existing::kReplace, {}, {})));
  return in(fmt::format("migrate ledger from version {} (its copy is {})", version, copy),
            run_steps(db, steps, static_cast<std::size_t>(version)));
}

}  // namespace meterbill
