#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "adapters/sqlite/sqlite_ledger_connection.h"
#include "ports/ledger_store.h"

// What a ledger answers: the bodies of LedgerReader, for the writing and the reading connection
// alike. Each is one read transaction, joining the one that is open.
namespace meterbill::ledger_queries {

[[nodiscard]] Result<std::unique_ptr<ReadSnapshot>> snapshot(LedgerConnection& ledger);
[[nodiscard]] Result<LedgerFacts> facts(LedgerConnection& ledger);
[[nodiscard]] Result<Dictionary> dictionary(LedgerConnection& ledger);
[[nodiscard]] Result<std::map<MachineKey, MachineFacts>> machines(LedgerConnection& ledger);
[[nodiscard]] Result<std::map<EpochKey, EpochFacts>> epochs(LedgerConnection& ledger,
                                                            MachineKey machine);
[[nodiscard]] Result<Holds> holds(LedgerConnection& ledger, MachineKey machine);
[[nodiscard]] Result<std::vector<MachineId>> silent(LedgerConnection& ledger, UtcTime before);
[[nodiscard]] Result<std::vector<RetiredMachine>> retired_seen(LedgerConnection& ledger,
                                                               UtcTime since);
[[nodiscard]] Result<std::map<MachineKey, Holds>> all_holds(LedgerConnection& ledger);
[[nodiscard]] Result<Decisions> decisions(LedgerConnection& ledger, MachineKey machine);
[[nodiscard]] Result<void> rows(LedgerConnection& ledger, MachineKey machine, SlotRange range,
                                const std::function<Result<void>(Slot, const UsageRow&)>& each);
[[nodiscard]] Result<Totals> totals(LedgerConnection& ledger, MachineKey machine);
[[nodiscard]] Result<std::map<std::string, Counts>> counts(LedgerConnection& ledger);
[[nodiscard]] Result<std::map<std::string, std::vector<PartitionPosition>>> positions(
    LedgerConnection& ledger);
[[nodiscard]] Result<std::vector<Gap>> gaps(LedgerConnection& ledger);
[[nodiscard]] Result<std::map<QuarantineState, std::int64_t>> quarantine_counts(
    LedgerConnection& ledger);
[[nodiscard]] Result<std::vector<QuarantineItem>> quarantine(LedgerConnection& ledger,
                                                             std::int64_t before, std::size_t limit,
                                                             std::string_view machine);
[[nodiscard]] Result<QuarantineItem> quarantine_item(LedgerConnection& ledger, std::int64_t id);
[[nodiscard]] Result<std::vector<RecentSample>> recent(LedgerConnection& ledger, std::size_t limit);
[[nodiscard]] Result<std::vector<PriceVersionUse>> price_versions(LedgerConnection& ledger);
[[nodiscard]] Result<std::vector<EvidenceBatch>> evidence_of(LedgerConnection& ledger,
                                                             std::span<const RowKey> rows,
                                                             std::int64_t from, std::size_t limit);
[[nodiscard]] Result<void> evidence(LedgerConnection& ledger, std::int64_t batch,
                                    const std::function<Result<void>(EvidenceItem&&)>& each);

// What only the store asks.
[[nodiscard]] Result<std::vector<PartitionPosition>> positions_of(LedgerConnection& ledger,
                                                                  const std::string& source);
[[nodiscard]] Result<Loaded> load(LedgerConnection& ledger, std::span<const RowKey> rows,
                                  std::span<const std::pair<MachineKey, EpochId>> epochs,
                                  std::span<const TotalKey> totals);
[[nodiscard]] Result<std::vector<EventKey>> known_events(LedgerConnection& ledger,
                                                         std::span<const EventKey> keys);

}  // namespace meterbill::ledger_queries
