#include "adapters/sqlite/spool_open.h"

#include <fmt/format.h>

#include <filesystem>

#include "adapters/sqlite/spool_schema.h"
#include "adapters/sqlite/spool_tally.h"

namespace meterbill {
namespace {

/// Takes all steps behind `version`; what a file of schema 1 holds becomes `machine`'s.
Result<void> migrate(SqliteDb& db, std::int64_t version, const MachineId& machine) {
  MB_TRY(auto transaction, SqliteTransaction::begin(db));
  for (auto step = static_cast<std::size_t>(version); step < kSpoolSteps.size(); ++step) {
    MB_TRYV(db.execute(kSpoolSteps[step]));
  }
  MB_TRY(auto name, db.prepare("UPDATE epochs SET machine=? WHERE machine=''"));
  MB_TRYV(name.bind(1, machine.str()).run());
  MB_TRYV(db.execute(fmt::format("PRAGMA application_id={}; PRAGMA user_version={}",
                                 kSpoolApplicationId, kSpoolSchema)));
  return transaction.commit();
}

Result<SqliteDb> open_sound(const std::string& path, const SqliteSpoolOptions& options) {
  MB_TRY(SqliteDb db,
         SqliteDb::open(path, {.page_count_max = options.page_count_max,
                               .exclusive = true,
                               // A damaged one is kept as it was found.
                               .inspect = [](SqliteDb& found) { return found.check(); }}));
  MB_TRY(const std::int64_t version, db.integer("PRAGMA user_version"));
  MB_TRY(const std::int64_t application, db.integer("PRAGMA application_id"));
  MB_TRY(const std::int64_t tables, db.integer("SELECT count(*) FROM sqlite_schema"));
  if (tables == 0) {
    MB_TRYV(in("create tables", migrate(db, 0, options.machine)));
    MB_TRYV(in("count rows", begin_tally(db)));
    return db;
  }
  if (application != kSpoolApplicationId)
    return fail(Code::kConfig,
                fmt::format("{} is a database, but no spool; set agent.state_dir to a folder of "
                            "the agent's own",
                            path));
  if (version > kSpoolSchema)
    return fail(Code::kTooNew,
                fmt::format("{} has schema {}, this program knows {}; install the newer "
                            "meterbill-agent again, or move the file away to begin a new one",
                            path, version, kSpoolSchema));
  if (version < kSpoolSchema) {
    MB_TRYV(in("migrate the spool's tables", migrate(db, version, options.machine)));
  }
  MB_TRYV(in("count rows", begin_tally(db)));
  return db;
}

}  // namespace

Result<std::string> move_aside(const std::string& path, UtcTime now) {
  const std::string mark = ".damaged-" + to_string(UtcTime{now.us / 1'000'000 * 1'000'000});
  std::string target = path + mark;
  std::error_code unknown;
  for (int i = 2; std::filesystem::exists(target, unknown); ++i)
    target = fmt::format("{}{}-{}", path, mark, i);
  for (const char* const suffix : {"", "-wal", "-shm"}) {
    std::error_code error;
    std::filesystem::rename(path + suffix, target + suffix, error);
    if (error && error != std::errc::no_such_file_or_directory)
      return fail(Code::kIo, fmt::format("move {} away: {}", path + suffix, error.message()));
  }
  return target;
}

Result<SqliteDb> open_or_begin(const std::string& path, const SqliteSpoolOptions& options,
                               UtcTime now, std::string& damaged) {
  auto db = open_sound(path, options);
  if (!db && db.error().code == Code::kDamaged) {
    MB_TRY(damaged, move_aside(path, now));
    db = open_sound(path, options);
  }
  if (!db && db.error().code == Code::kConflict)
    return std::move(db).error().in("another meterbill-agent uses the spool; stop it first");
  if (!db && db.error().code == Code::kPermission)
    return std::move(db).error().in("agent.state_dir must be writable for the agent's user");
  if (!db && db.error().code == Code::kDiskFull)
    return std::move(db).error().in(
        "disk full: free space on the disk of agent.state_dir, or set that to another disk");
  return db;
}

}  // namespace meterbill
