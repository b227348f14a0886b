#pragma once

#include <array>
#include <cstdint>

namespace meterbill {

inline constexpr std::int64_t kSpoolApplicationId = 0x4d425350;  // "MBSP"

/// The first schema. Times are µs of UTC, slots unix seconds. A row waits when its version is newer
/// than the one acknowledged and it is not set aside.
inline constexpr const char* kSpoolTables1 = R"(
CREATE TABLE epochs(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  epoch TEXT NOT NULL UNIQUE,
  boot TEXT NOT NULL,
  started INTEGER NOT NULL
) STRICT;
CREATE TABLE labels(
  epoch INTEGER NOT NULL REFERENCES epochs(id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY(epoch, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE rows(
  epoch INTEGER NOT NULL REFERENCES epochs(id),
  slot INTEGER NOT NULL,
  scope TEXT NOT NULL,
  used TEXT NOT NULL,
  from_us INTEGER,
  to_us INTEGER,
  metered_us INTEGER,
  estimated_us INTEGER,
  off_us INTEGER,
  final INTEGER NOT NULL DEFAULT 0,
  scopes INTEGER NOT NULL DEFAULT 0,
  version INTEGER NOT NULL,
  offered INTEGER NOT NULL DEFAULT 0,
  acknowledged INTEGER NOT NULL DEFAULT 0,
  acknowledged_at INTEGER,
  repeated INTEGER NOT NULL DEFAULT 0,
  aside TEXT,
  aside_at INTEGER,
  PRIMARY KEY(epoch, slot, scope)
) STRICT, WITHOUT ROWID;
CREATE INDEX waiting ON rows(epoch, slot, scope) WHERE version>acknowledged;
CREATE INDEX growing ON rows(epoch, slot) WHERE final=0;
CREATE TABLE checkpoint(
  id INTEGER PRIMARY KEY CHECK(id=1),
  boot TEXT NOT NULL,
  utc_us INTEGER NOT NULL,
  monotonic_us INTEGER NOT NULL,
  boot_us INTEGER NOT NULL,
  cpu_busy_us INTEGER NOT NULL,
  cores INTEGER NOT NULL,
  memory_total_kib INTEGER,
  memory_rest INTEGER NOT NULL,
  memory_capacity_rest INTEGER NOT NULL,
  ended INTEGER NOT NULL
) STRICT;
)";

/// An epoch says whose it is; '' where the program that wrote it did not.
inline constexpr const char* kSpoolMachines2 =
    "ALTER TABLE epochs ADD COLUMN machine TEXT NOT NULL DEFAULT ''";

/// What a tick asks for is found without passing what is merely kept: rows that wait, rows that can
/// be dropped or are due to be sent once more, rows that were refused.
inline constexpr const char* kSpoolIndexes3 = R"(
DROP INDEX waiting;
CREATE INDEX waiting ON rows(epoch, slot, scope) WHERE version>acknowledged AND aside IS NULL;
CREATE INDEX settled ON rows(repeated, acknowledged_at) WHERE final=1 AND version=acknowledged;
CREATE INDEX refused ON rows(aside_at) WHERE aside IS NOT NULL;
)";

/// What was folded so far, as one row, or none; times are µs of UTC.
inline constexpr const char* kSpoolFolded4 = R"(
CREATE TABLE folded(
  id INTEGER PRIMARY KEY CHECK(id=1),
  rows INTEGER NOT NULL,
  first_slot INTEGER NOT NULL,
  last_slot INTEGER NOT NULL,
  first_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  going_on_since INTEGER
) STRICT;
)";

/// The step at index i leads to version i + 1, in `user_version`. A released step is never edited.
inline constexpr std::array kSpoolSteps{kSpoolTables1, kSpoolMachines2, kSpoolIndexes3,
                                        kSpoolFolded4};
inline constexpr auto kSpoolSchema = static_cast<std::int64_t>(kSpoolSteps.size());

}  // namespace meterbill
