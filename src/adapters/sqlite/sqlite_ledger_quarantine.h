#pragma once

#include "adapters/sqlite/sqlite_ledger_connection.h"
#include "ports/ledger_store.h"

namespace meterbill {

/// The counters of table `meta`: read once at the begin of a write transaction, written once at its
/// end.
struct LedgerMeta {
  std::int64_t commits = 0;
  std::int64_t evidence_bytes = 0;
  std::int64_t quarantine_bytes = 0;
  std::int64_t held = 0;
  std::int64_t released = 0;
  std::int64_t discarded = 0;
  std::int64_t not_kept = 0;
};
[[nodiscard]] Result<LedgerMeta> read_meta(LedgerConnection& ledger);
[[nodiscard]] Result<void> write_meta(LedgerConnection& ledger, const LedgerMeta& meta);

/// Keeps one item, or merges it into the held one of the same reading and reason, within the limit.
/// In a write transaction.
[[nodiscard]] Result<void> keep_quarantined(LedgerConnection& ledger, QuarantineItem item,
                                            std::int64_t bytes_max, LedgerMeta& meta);

/// kNotFound, kRefused as LedgerStore::settle_quarantine. In a write transaction.
[[nodiscard]] Result<void> settle_quarantined(LedgerConnection& ledger, std::int64_t id,
                                              QuarantineState state, LedgerMeta& meta);

/// Removes settled items, oldest first, at most `items_max`, until the limit is kept. In a write
/// transaction.
[[nodiscard]] Result<void> forget_settled(LedgerConnection& ledger, std::int64_t bytes_max,
                                          int items_max, LedgerMeta& meta);

}  // namespace meterbill
