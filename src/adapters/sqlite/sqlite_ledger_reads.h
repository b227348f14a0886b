#pragma once

#include <memory>
#include <utility>

#include "adapters/sqlite/sqlite_ledger_queries.h"

namespace meterbill {

/// LedgerReader's functions over one connection, for the store and the reader: `Port` is either.
template <class Port>
class WithLedgerReads : public Port {
 public:
  Result<std::unique_ptr<ReadSnapshot>> snapshot() override {
    return ledger_queries::snapshot(connection_);
  }
  Result<LedgerFacts> facts() override { return ledger_queries::facts(connection_); }
  Result<Dictionary> dictionary() override { return ledger_queries::dictionary(connection_); }
  Result<std::map<MachineKey, MachineFacts>> machines() override {
    return ledger_queries::machines(connection_);
  }
  Result<std::map<EpochKey, EpochFacts>> epochs(MachineKey machine) override {
    return ledger_queries::epochs(connection_, machine);
  }
  Result<std::vector<MachineId>> silent(UtcTime before) override {
    return ledger_queries::silent(connection_, before);
  }
  Result<std::vector<RetiredMachine>> retired_seen(UtcTime since) override {
    return ledger_queries::retired_seen(connection_, since);
  }
  Result<Holds> holds(MachineKey machine) override {
    return ledger_queries::holds(connection_, machine);
  }
  Result<std::map<MachineKey, Holds>> all_holds() override {
    return ledger_queries::all_holds(connection_);
  }
  Result<Decisions> decisions(MachineKey machine) override {
    return ledger_queries::decisions(connection_, machine);
  }
  Result<void> rows(MachineKey machine, SlotRange range,
                    const std::function<Result<void>(Slot, const UsageRow&)>& each) override {
    return ledger_queries::rows(connection_, machine, range, each);
  }
  Result<Totals> totals(MachineKey machine) override {
    return ledger_queries::totals(connection_, machine);
  }
  Result<std::map<std::string, Counts>> counts() override {
    return ledger_queries::counts(connection_);
  }
  Result<std::map<std::string, std::vector<PartitionPosition>>> positions() override {
    return ledger_queries::positions(connection_);
  }
  Result<std::vector<Gap>> gaps() override { return ledger_queries::gaps(connection_); }
  Result<std::map<QuarantineState, std::int64_t>> quarantine_counts() override {
    return ledger_queries::quarantine_counts(connection_);
  }
  Result<std::vector<QuarantineItem>> quarantine(std::int64_t before, std::size_t limit,
                                                 std::string_view machine = {}) override {
    return ledger_queries::quarantine(connection_, before, limit, machine);
  }
  Result<QuarantineItem> quarantine_item(std::int64_t id) override {
    return ledger_queries::quarantine_item(connection_, id);
  }
  Result<std::vector<RecentSample>> recent(std::size_t limit) override {
    return ledger_queries::recent(connection_, limit);
  }
  Result<std::vector<PriceVersionUse>> price_versions() override {
    return ledger_queries::price_versions(connection_);
  }
  Result<std::vector<EvidenceBatch>> evidence_of(std::span<const RowKey> rows, std::int64_t from,
                                                 std::size_t limit) override {
    return ledger_queries::evidence_of(connection_, rows, from, limit);
  }
  Result<void> evidence(std::int64_t batch,
                        const std::function<Result<void>(EvidenceItem&&)>& each) override {
    return ledger_queries::evidence(connection_, batch, each);
  }

 protected:
  explicit WithLedgerReads(SqliteDb db) : connection_(std::move(db)) {}
  [[nodiscard]] LedgerConnection& connection() { return connection_; }

 private:
  LedgerConnection connection_;
};

}  // namespace meterbill
