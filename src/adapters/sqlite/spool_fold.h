#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "adapters/sqlite/sqlite_db.h"
#include "base/result.h"
#include "domain/reading.h"

namespace meterbill {

/// "cpu=123,uptime=5": how a row holds its meters, readable with any SQLite shell.
[[nodiscard]] std::string used_text(const MeterTotals& used);
/// kDamaged when it is not what `used_text` writes.
[[nodiscard]] Result<MeterTotals> parse_used(std::string_view text);

/// Folds the smaller half (by cpu, ties by name) of the parts of each full slot of which nothing
/// was ever offered into `other`; machine and views stay. Exact: `other` grows by what disappears.
/// Runs within the caller's transaction; returns how many rows were folded.
[[nodiscard]] Result<std::int64_t> fold_small_scopes(SqliteDb& db);

}  // namespace meterbill
