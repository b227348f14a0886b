#include "adapters/sqlite/sqlite_spool_file.h"

#include <fmt/format.h>

#include "adapters/sqlite/spool_fold.h"
#include "adapters/sqlite/spool_folded.h"
#include "adapters/sqlite/spool_schema.h"
#include "adapters/sqlite/spool_verify.h"

namespace meterbill {
namespace {

Result<Labels> labels_of(SqliteDb& db, std::int64_t epoch) {
  MB_TRY(auto row, db.prepare("SELECT name, value FROM labels WHERE epoch=?"));
  row.bind(1, epoch);
  Labels labels;
  for (;;) {
    MB_TRY(const bool found, row.step());
    if (!found) return labels;
    labels.emplace(row.text(0), row.text(1));
  }
}

std::optional<UtcTime> time_at(const SqliteStatement& row, int column) {
  return row.is_null(column) ? std::nullopt : std::optional(UtcTime{row.integer(column)});
}

/// Of the columns of kRows.
Result<SpoolRow> row_at(const SqliteStatement& at) {
  SpoolRow row;
  row.machine = at.text(1);
  row.epoch = at.text(2);
  row.boot = at.text(3);
  MB_TRY(row.reading.slot, Slot::from_unix_seconds(at.integer(4)));
  row.reading.scope = ScopeName(std::string(at.text(5)));
  MB_TRY(row.reading.used, parse_used(at.text(6)));
  row.reading.final = at.integer(7) != 0;
  row.reading.scopes = at.integer(8);
  if (!at.is_null(9))
    row.reading.cover = Cover{.from_us = at.integer(9),
                              .to_us = at.integer(10),
                              .metered_us = at.integer(11),
                              .estimated_us = at.integer(12),
                              .off_us = at.integer(13)};
  row.version = at.integer(14);
  row.offered = at.integer(15);
  row.acknowledged = at.integer(16);
  row.acknowledged_at = time_at(at, 17);
  row.is_repeated = at.integer(18) != 0;
  row.aside = at.text(19);
  row.aside_since = time_at(at, 20);
  return row;
}

constexpr const char* kRows =
    "SELECT r.epoch, e.machine, e.epoch, e.boot, r.slot, r.scope, r.used, r.final, r.scopes, "
    "r.from_us, r.to_us, r.metered_us, r.estimated_us, r.off_us, r.version, r.offered, "
    "r.acknowledged, r.acknowledged_at, r.repeated, r.aside, r.aside_at "
    "FROM rows AS r JOIN epochs AS e ON e.id=r.epoch ORDER BY r.epoch, r.slot, r.scope";

}  // namespace

Result<std::unique_ptr<SpoolFile>> SqliteSpoolFile::open(const std::string& path) {
  MB_TRY(SpoolCopy copy, SpoolCopy::make(path));
  MB_TRY(SqliteDb db, in(path, SqliteDb::open(copy.path(), {.exclusive = true})));
  MB_TRY(const std::int64_t application, in(path, db.integer("PRAGMA application_id")));
  MB_TRY(const std::int64_t version, in(path, db.integer("PRAGMA user_version")));
  if (application != kSpoolApplicationId)
    return fail(Code::kInvalid,
                path +
                    " is a database, but no spool: name that of an agent, spool.db in its "
                    "agent.state_dir");
  if (version > kSpoolSchema)
    return fail(Code::kTooNew,
                fmt::format("{} has schema {}, this program knows {}; use the newer meterbill",
                            path, version, kSpoolSchema));
  if (version < kSpoolSchema)
    return fail(Code::kConflict,
                path + " is of an older version: start the agent once, it migrates the spool");
  return std::unique_ptr<SpoolFile>(new SqliteSpoolFile(std::move(copy), std::move(db)));
}

Result<void> SqliteSpoolFile::rows(const std::function<Result<void>(const SpoolRow&)>& each) {
  MB_TRY(auto statement, db_.prepare(kRows));
  std::int64_t known = 0;  // whose labels these are
  Labels labels;
  for (;;) {
    MB_TRY(const bool found, statement.step());
    if (!found) return ok();
    if (statement.integer(0) != known) {
      known = statement.integer(0);
      MB_TRY(labels, labels_of(db_, known));
    }
    MB_TRY(SpoolRow row, in(fmt::format("epoch {} slot {} scope {}", statement.text(2),
                                        statement.integer(4), statement.text(5)),
                            row_at(statement)));
    row.labels = labels;
    MB_TRYV(each(row));
  }
}

Result<std::optional<Folded>> SqliteSpoolFile::folded() { return read_folded(db_); }

Result<std::vector<SpoolFault>> SqliteSpoolFile::verify() { return verify_spool(db_); }

}  // namespace meterbill
