#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "adapters/sqlite/spool_places.h"
#include "adapters/sqlite/sqlite_db.h"
#include "base/result.h"
#include "domain/reading.h"

namespace meterbill {

/// "cpu=123,uptime=5": how a row holds its meters, readable with any SQLite shell.
[[nodiscard]] std::string used_text(const MeterTotals& used);
/// kDamaged when it is not what `used_text` writes.
[[nodiscard]] Result<MeterTotals> parse_used(std::string_view text);

/// A slot of an epoch, by the epoch's row.
struct FoldPlace {
  std::int64_t epoch = 0;
  std::int64_t slot = 0;
  friend auto operator<=>(const FoldPlace&, const FoldPlace&) = default;
};

/// Folds the smaller half (by cpu, ties by name) of the parts of each full slot of which all rows
/// are there and none was ever offered into `other`; machine and views stay. Exact: `other` grows
/// by what disappears. Runs within the caller's transaction; returns which rows were folded.
///
/// Looks at nothing before `from`, and moves it on past all that can never be folded again: a full
/// spool that holds a year is not read anew with each tick. Who saves a row at an earlier place
/// moves it back there.
[[nodiscard]] Result<FoldedRows> fold_small_scopes(SqliteDb& db, FoldPlace& from);

}  // namespace meterbill
