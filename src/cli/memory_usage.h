#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "domain/hold.h"
#include "domain/period.h"
#include "domain/rating.h"
#include "domain/statement.h"
#include "domain/usage_row.h"
#include "wire/message.h"

namespace meterbill {

/// What usage comes to, and what is known besides.
struct RatedUsage {
  Bill bill;
  std::map<MachineId, MachineNote> notes;
};

/// The usage of a set of messages, merged in memory by the rules of the ledger: what `bill compute`
/// bills, without a worker. A function of the set alone; only which of two epochs with unequal
/// labels is refused depends on order. Items are checked for what cannot be true by itself, not for
/// their age: a file may be old. Not thread-safe.
class MemoryUsage {
 public:
  /// Applies a message; a sample is booked in `sample_slot`. Returns why items were not applied:
  /// for people, one each.
  [[nodiscard]] std::vector<Rejection> apply(const Message& message, Slot sample_slot);

  /// Those with usage, by name.
  [[nodiscard]] std::vector<MachineId> machines() const;
  /// From the first slot with usage to the end of the last one; empty without usage.
  [[nodiscard]] SlotRange slots() const;

  /// Rates everything in the range, of one machine or all. Held usage goes to the notes. Expected
  /// time ends with the last slot there is, which counts as still open.
  [[nodiscard]] Result<RatedUsage> rate(SlotRange range, const std::optional<MachineId>& only,
                                        const PriceBook& book) const;

 private:
  struct Epoch {
    BootId boot;
    Labels labels;
  };
  struct Machine {
    std::map<Slot, UsageRow> rows;
    std::map<EpochId, EpochKey> epochs;
    std::map<EpochKey, Epoch> facts;
  };

  std::vector<Rejection> apply_readings(const ReadingMessage& message);
  std::optional<Rejection> apply_reading(Machine& machine, EpochKey epoch, const Reading& reading);
  std::optional<Rejection> apply_sample(const Sample& sample, Slot slot);
  std::optional<Rejection> apply_event(const UsageEvent& event);
  std::optional<Rejection> accumulate_in(Machine& machine, const EpochId& pseudo_epoch, Slot slot,
                                         const ScopeName& scope, const MeterName& meter,
                                         std::int64_t quantity);
  [[nodiscard]] EpochKey epoch_key(Machine& machine, const EpochId& epoch, const BootId& boot,
                                   const Labels& labels);
  [[nodiscard]] ScopeKey scope_key(const ScopeName& scope);
  [[nodiscard]] MeterKey meter_key(const MeterName& meter);
  [[nodiscard]] Result<MachineNote> rate_machine(const MachineId& name, const Machine& machine,
                                                 SlotRange range, const PriceBook& book,
                                                 Rating& rating) const;
  /// Adds what is billed of a row to `rating`, and what is held of what would be billed to `note`.
  Result<void> rate_row(const MachineId& name, const Machine& machine, Slot slot,
                        const UsageRow& row, const std::set<EpochKey>& held, const PriceBook& book,
                        MachineNote& note, Rating& rating) const;
  /// Those in a conflict, and those whose parts exceed the machine.
  [[nodiscard]] std::set<EpochKey> held_epochs(const Machine& machine, const UsageRow& row,
                                               Slot slot, const Holds& holds) const;

  std::map<MachineId, Machine> machines_;
  std::set<std::pair<std::string, std::string>> event_ids_;  // (source, id)
  std::map<ScopeName, ScopeKey> scope_keys_;
  std::map<ScopeKey, ScopeName> scopes_;
  std::map<MeterName, MeterKey> meter_keys_;
  std::map<MeterKey, MeterName> meters_;
  std::int64_t next_epoch_ = 1;
};

}  // namespace meterbill
