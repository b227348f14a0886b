#pragma once

#include <future>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ports/ledger_store.h"
#include "worker/contribution.h"
#include "worker/interner.h"
#include "worker/items.h"
#include "worker/machine_facts.h"

namespace meterbill {

/// What the apply thread knows of the ledger between batches; changed only by what was committed.
struct LedgerMemory {
  explicit LedgerMemory(const Dictionary& known) : names(known) {}

  Interner names;
  std::map<MachineKey, MachineFacts> machines;
  std::map<MachineKey, Holds> holds;
  /// Of machines whose rows were searched since the start: so that not every batch reads them all.
  std::map<MachineKey, Conflicts> conflicts;
  std::map<MachineKey, Decisions> decisions;  ///< of every machine; absent: none
  std::int64_t greatest_epoch = 0;
  std::optional<UtcTime> ids_forgotten_before;
};

/// The phases `merge` and (up to the store) `commit` of one batch: from plausible items to the
/// write set. Everything it learns is in the write set; `LedgerMemory` takes it over only when the
/// store has committed it (`remember`).
///
/// Merging happens in memory over the rows the batch touches: one commit, however many messages. A
/// batch is made of portions, so that a large one needs the messages of one portion at a time in
/// memory, not all of its own. Once a call has failed, the batch is good for nothing.
class Batch {
 public:
  Batch(LedgerStore& store, LedgerMemory& memory, const SegmentOf& segment_of, UtcTime now)
      : store_(store), memory_(memory), segment_of_(segment_of), now_(now) {}

  /// Moves the portion's positions to where the portions before it end.
  void follow(std::span<SourceBatch> portion) const;
  /// Merges the items of a portion that arrived at `now`. A failure is the store's. What is kept as
  /// evidence is taken out of `portion`, which is asked for nothing after the call.
  [[nodiscard]] Result<void> take(std::span<SourceBatch> portion, Items items, UtcTime now);
  /// After the last portion: what follows from the rows.
  [[nodiscard]] Result<void> finish();
  /// A batch of one portion. `released`: on an operator's word.
  [[nodiscard]] Result<void> apply(std::span<SourceBatch> portion, Items items,
                                   const std::optional<Released>& released = {});

  /// So far.
  [[nodiscard]] std::size_t deliveries() const { return deliveries_; }
  /// Of those that are kept as evidence, before they are packed.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] std::size_t rows() const { return write_.rows.size(); }

  [[nodiscard]] const WriteSet& write() const { return write_; }
  WriteSet& write() { return write_; }
  /// Counts of each (source, request).
  [[nodiscard]] const std::map<std::pair<std::size_t, std::int64_t>, Counts>& requests() const {
    return requests_;
  }

  /// Meter and segment of every total that the batch begins.
  [[nodiscard]] const std::set<std::pair<MeterKey, Slot>>& new_segments() const {
    return new_segments_;
  }

  /// Re-derives one machine's holds and totals from all its rows under `decisions`: after an
  /// operator decided.
  [[nodiscard]] Result<void> redecide(MachineKey machine, const Decisions& decisions);

  /// Puts one machine's holds in the write set if a search of all its rows finds others than
  /// `memory` has. Totals stay as they are.
  [[nodiscard]] Result<void> search_holds(MachineKey machine);

  /// Adds all of one machine's rows to `totals`, and what they and its epochs say to the facts of
  /// the names they are billed to, under the holds and decisions that `memory` has.
  [[nodiscard]] Result<void> sum_machine(MachineKey machine, Totals& totals, FactsByName& facts);

  /// The write set was committed.
  void remember();

 private:
  /// What the readings of one message have in common, looked up once for all of them.
  struct HeadInUse {
    const MessageHead* head = nullptr;
    MachineKey machine;
    LabelSetKey labels;
    std::optional<EpochKey> epoch = {};
    bool is_seen = false;     ///< something of it is applied or repeated
    Slot slot = {};           ///< of `row`
    UsageRow* row = nullptr;  ///< in the write set
  };

  /// Where the items of a portion belong.
  struct Places {
    std::vector<MachineKey> heads;                        ///< of each head
    std::vector<std::pair<RowKey, std::size_t>> samples;  ///< row and index of each, ascending
  };

  void bind_names();
  Places find_places(const Items& items);
  Result<void> load(const Items& items, const Places& places);
  EpochKey epoch_of(MachineKey machine, const EpochFacts& facts);
  [[nodiscard]] std::optional<EpochKey> find_epoch(MachineKey machine, const EpochId& epoch) const;
  void apply_readings(Items& items, const Places& places);
  void apply_reading(ReadyReading& item, HeadInUse& in_use);
  void apply_samples(const std::vector<ReadySample>& items, const Places& places);
  void add_recent(const std::vector<ReadySample>& items, const Places& places,
                  const std::vector<bool>& is_applied);
  Result<void> apply_events(const std::vector<ReadyEvent>& events);
  void apply_event(const ReadyEvent& item);
  void count(const ItemOrigin& origin, Outcome outcome);
  void touch(const RowKey& row);
  void add_counts(const ItemOrigin& origin, const Counts& counts);
  void quarantine(RefusedItem refused);
  std::shared_ptr<const Delivery> shared_delivery(const ItemOrigin& origin);
  Result<void> merge_items(std::span<SourceBatch> portion, Items items);
  void keep_evidence(const std::optional<Released>& released);
  void move_position(const std::string& source, const PartitionPosition& position);
  void see(EpochKey epoch, Sighting sighting);
  MachineFacts& facts_of(MachineKey machine);
  void advance_positions();
  void pass(const SourceBatch& batch, Gap gap, PartitionPosition& position);
  void update_facts();
  Result<void> update_totals();
  Result<Holds> holds_after(MachineKey machine, const Decisions& decisions);
  Result<void> load_epochs(MachineKey machine);
  Result<Holds> find_holds(MachineKey machine, const Decisions& decisions);
  Result<void> rebuild_machine(MachineKey machine, const Holds& new_holds,
                               const Decisions& old_decisions, const Decisions& new_decisions,
                               Totals& delta);
  Result<void> add_delta(const Totals& delta);
  UsageRow& row(MachineKey machine, Slot slot);
  [[nodiscard]] RowContext context(MachineKey machine, const Holds& holds,
                                   const Decisions& decisions) const;
  [[nodiscard]] const Arrival& arrival(const ItemOrigin& origin) const;

  LedgerStore& store_;
  LedgerMemory& memory_;
  const SegmentOf& segment_of_;
  UtcTime now_;
  std::span<SourceBatch> batches_;  ///< the portion
  WriteSet write_;
  Rows before_;  ///< the rows as loaded
  std::map<EpochKey, EpochFacts> epochs_;
  std::map<MachineKey, std::map<EpochId, EpochKey>> epoch_keys_;
  std::map<std::pair<std::size_t, std::int64_t>, Counts> requests_;
  std::size_t deliveries_ = 0;
  std::size_t bytes_ = 0;
  // Of the portion: of which arrivals something was applied, counts of each source, rows that
  // changed, some twice.
  std::vector<std::vector<bool>> applied_;
  std::vector<Counts> counted_;
  std::vector<RowKey> touched_;
  std::vector<std::future<Result<EvidenceBlock>>> packed_;  ///< of the portions so far
  std::map<std::pair<std::size_t, std::size_t>, std::shared_ptr<const Delivery>> shared_;
  std::set<EventKey> known_events_;
  std::map<MachineKey, Decisions> new_decisions_;
  std::set<MachineKey> gone_;  ///< names that nothing is renamed to any more, as in `machines()`
  std::map<MachineKey, Conflicts> new_conflicts_;
  std::map<std::string, MeterKey> meters_;
  TimeMeters time_meters_;
  std::set<std::pair<MeterKey, Slot>> new_segments_;
  std::function<const ScopeName&(ScopeKey)> scope_name_;
  std::function<const MeterName&(MeterKey)> meter_name_;
  std::function<Slot(MeterKey, Slot)> segment_of_key_;
  FlatMap<std::pair<MeterKey, Slot>, Slot> segments_;  ///< as `segment_of_` said
  std::int64_t greatest_epoch_ = 0;
};

}  // namespace meterbill
