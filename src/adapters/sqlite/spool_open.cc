#include "adapters/sqlite/spool_open.h"

#include <fmt/format.h>

#include <filesystem>

#include "adapters/sqlite/spool_schema.h"

namespace meterbill {
namespace {

constexpr std::int64_t kApplicationId = 0x4d425350;  // "MBSP"

Result<void> create(SqliteDb& db) {
  MB_TRY(auto transaction, SqliteTransaction::begin(db));
  MB_TRYV(db.execute(kSpoolTables));
  MB_TRYV(db.execute(fmt::format("PRAGMA application_id={}; PRAGMA user_version={}", kApplicationId,
                                 kSpoolSchema)));
  return transaction.commit();
}

Result<SqliteDb> open_sound(const std::string& path, const SqliteSpoolOptions& options) {
  MB_TRY(SqliteDb db,
         SqliteDb::open(path, {.page_count_max = options.page_count_max, .exclusive = true}));
  MB_TRYV(db.check());
  MB_TRY(const std::int64_t version, db.integer("PRAGMA user_version"));
  MB_TRY(const std::int64_t application, db.integer("PRAGMA application_id"));
  MB_TRY(const std::int64_t tables, db.integer("SELECT count(*) FROM sqlite_schema"));
  if (tables == 0) {
    MB_TRYV(in("create tables", create(db)));
    return db;
  }
  if (application != kApplicationId)
    return fail(Code::kConfig,
                fmt::format("{} is a database, but no spool; set agent.state_dir to a folder of "
                            "the agent's own",
                            path));
  if (version > kSpoolSchema)
    return fail(Code::kTooNew,
                fmt::format("{} has schema {}, this program knows {}; install the newer "
                            "meterbill-agent again, or move the file away to begin a new one",
                            path, version, kSpoolSchema));
  return db;
}

}  // namespace

Result<std::string> move_aside(const std::string& path, UtcTime now) {
  const std::string mark = ".damaged-" + to_string(UtcTime{now.us / 1'000'000 * 1'000'000});
  std::string target = path + mark;
  for (int i = 2; std::filesystem::exists(target); ++i)
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
  return db;
}

}  // namespace meterbill
