#pragma once

#include <deque>
#include <memory>

#include "ports/ledger_store.h"

namespace meterbill {

/// What a ledger is to do wrong at its next write, for tests of the worker. Claims and maintenance
/// know kNone and kDiskFull alone.
enum class CommitFault {
  kNone,            ///< it works
  kDiskFull,        ///< nothing changed
  kUnknownApplied,  ///< the outcome is unknown; it was applied
  kUnknownLost,     ///< the outcome is unknown; it was not
  kIo,              ///< nothing changed; every later call fails
};

/// A ledger in memory that passes the ledger's contract suite. Not SQLite's `:memory:`: a second
/// implementation that shares no code with the first, but for the packing of evidence, shows what
/// the contract leaves open.
/// One thread; a backup may go on on another one once it has called `progress`.
class MemoryLedger : public LedgerStore {
 public:
  struct State;

  explicit MemoryLedger(LedgerLimits limits = {});
  /// The same ledger, opened again.
  explicit MemoryLedger(std::shared_ptr<State> state, LedgerLimits limits = {});
  ~MemoryLedger() override;

  [[nodiscard]] std::shared_ptr<State> state() const { return state_; }
  /// The next commits, claims, new totals and rounds of maintenance go wrong, in this order.
  void fail_next(CommitFault fault) { faults_.push_back(fault); }
  [[nodiscard]] int maintained() const { return maintained_; }
  /// Called in the middle of each backup, on its thread.
  void during_backup(std::function<void()> then) { during_backup_ = std::move(then); }

  Result<std::unique_ptr<ReadSnapshot>> snapshot() override;
  Result<LedgerFacts> facts() override;
  Result<Dictionary> dictionary() override;
  Result<std::map<MachineKey, MachineFacts>> machines() override;
  Result<std::map<EpochKey, EpochFacts>> epochs(MachineKey machine) override;
  Result<Holds> holds(MachineKey machine) override;
  Result<std::vector<MachineId>> silent(UtcTime before) override;
  Result<std::vector<RetiredMachine>> retired_seen(UtcTime since) override;
  Result<std::map<MachineKey, Holds>> all_holds() override;
  Result<Decisions> decisions(MachineKey machine) override;
  Result<void> rows(MachineKey machine, SlotRange range,
                    const std::function<Result<void>(Slot, const UsageRow&)>& each) override;
  Result<Totals> totals(MachineKey machine) override;
  Result<std::map<std::string, Counts>> counts() override;
  Result<std::map<std::string, std::vector<PartitionPosition>>> positions() override;
  Result<std::vector<Gap>> gaps() override;
  Result<std::map<QuarantineState, std::int64_t>> quarantine_counts() override;
  Result<std::vector<QuarantineItem>> quarantine(std::int64_t before, std::size_t limit,
                                                 std::string_view machine = {}) override;
  Result<QuarantineItem> quarantine_item(std::int64_t id) override;
  Result<std::vector<RecentSample>> recent(std::size_t limit) override;
  Result<std::vector<PriceVersionUse>> price_versions() override;
  Result<std::vector<EvidenceBatch>> evidence_of(std::span<const RowKey> rows, std::int64_t from,
                                                 std::size_t limit) override;
  Result<void> evidence(std::int64_t batch,
                        const std::function<Result<void>(EvidenceItem&&)>& each) override;

  Result<Claim> claim(const std::string& source) override;
  Result<Loaded> load(std::span<const RowKey> rows,
                      std::span<const std::pair<MachineKey, EpochId>> epochs,
                      std::span<const TotalKey> totals) override;
  Result<EvidenceBlock> pack(std::span<const EvidenceRef> items) const override;
  Result<std::vector<EventKey>> known_events(std::span<const EventKey> keys) override;
  Result<CommitOutcome> commit(const WriteSet& write,
                               const std::map<std::string, std::int64_t>& fences) override;
  Result<void> decide(MachineKey machine, const BootId& boot, BootDecision decision,
                      const WriteSet& effects) override;
  Result<void> settle_quarantine(std::int64_t id, QuarantineState state,
                                 const WriteSet& effects) override;
  Result<void> replace_totals(const Totals& totals, const std::string& digest,
                              std::span<const PriceVersionUse> prices) override;
  Result<void> maintain(UtcTime now) override;
  /// Keeps a copy of the state under `path`; kConflict when there is one.
  Result<BackupFacts> backup(const std::string& path, const std::stop_token& stop,
                             const BackupProgress& progress) override;
  Result<void> remember_backup(UtcTime at) override;
  /// The state kept under `path`; null: none.
  [[nodiscard]] std::shared_ptr<State> backup_at(const std::string& path) const;

 private:
  class Held;

  [[nodiscard]] Result<void> usable() const;
  [[nodiscard]] Result<void> check(const WriteSet& write) const;
  [[nodiscard]] Result<void> check_names(const WriteSet& write) const;
  [[nodiscard]] bool fenced(const WriteSet& write,
                            const std::map<std::string, std::int64_t>& fences) const;
  void apply(const WriteSet& write);
  void remember(std::span<const PriceVersionUse> prices);
  void apply_names(const WriteSet& write);
  void apply_quarantine(QuarantineItem item);
  void forget(UtcTime now);
  CommitFault next_fault();

  std::shared_ptr<State> state_;
  LedgerLimits limits_;
  std::deque<CommitFault> faults_;
  std::function<void()> during_backup_;
  bool broken_ = false;
  int maintained_ = 0;
  int reading_ = 0;  // walks over rows and snapshots that go on: no writing meanwhile
};

}  // namespace meterbill
