#pragma once

#include "adapters/sqlite/sqlite_ledger_connection.h"
#include "ports/ledger_store.h"

// What one write transaction does: each function expects one to be open and leaves ending it to its
// caller.
namespace meterbill::ledger_writer {

/// True when each source that `write` moves or counts is claimed by us.
[[nodiscard]] Result<bool> owns(LedgerConnection& ledger, const WriteSet& write,
                                const std::map<std::string, std::int64_t>& fences);

/// Raises the source's fence and returns it.
[[nodiscard]] Result<std::int64_t> raise_fence(LedgerConnection& ledger, const std::string& source);

/// Everything in `write`, and one more commit counted.
[[nodiscard]] Result<void> apply(LedgerConnection& ledger, const WriteSet& write,
                                 const LedgerLimits& limits);

[[nodiscard]] Result<void> put_totals(LedgerConnection& ledger, const Totals& totals);
[[nodiscard]] Result<void> put_decision(LedgerConnection& ledger, MachineKey machine,
                                        const BootId& boot, const BootDecision& decision,
                                        UtcTime at);
/// Stores new price versions; known ones are left as they are.
[[nodiscard]] Result<void> put_prices(LedgerConnection& ledger,
                                      std::span<const PriceVersionUse> used);

}  // namespace meterbill::ledger_writer
