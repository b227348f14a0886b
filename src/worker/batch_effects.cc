// What follows from a batch's rows: holds, running totals and the facts of names.
#include <algorithm>
#include <utility>

#include "worker/batch.h"

namespace meterbill {

/// The names that the rules about rows ask for.
void Batch::bind_names() {
  scope_name_ = [this](ScopeKey key) -> const ScopeName& { return memory_.names.name(key); };
  meter_name_ = [this](MeterKey key) -> const MeterName& { return memory_.names.name(key); };
  segment_of_key_ = [this](MeterKey meter, Slot slot) {
    const auto [segment, is_new] = segments_.try_emplace({meter, slot});
    if (is_new) segment->second = segment_of_(memory_.names.name(meter), slot);
    return segment->second;
  };
  for (const char* meter : {"cpu", "cpu_capacity", "uptime"})
    meters_[meter] = memory_.names.meter(MeterName{meter});
  for (const auto& [name, meter, quantity] : kTimeMeters)
    time_meters_.*meter = memory_.names.meter(MeterName{std::string(name)});
}

RowContext Batch::context(MachineKey machine, const Holds& holds,
                          const Decisions& decisions) const {
  const auto scope = memory_.names.find_scope(machine_scope());
  return {.machine = machine,
          .epochs = epochs_,
          .holds = holds,
          .decisions = decisions,
          .scope_name = scope_name_,
          .meter_name = meter_name_,
          .segment_of = segment_of_key_,
          .meters = meters_,
          .machine_scope = scope.value_or(ScopeKey{}),
          .time = time_meters_};
}

/// Drops rows that did not change, re-evaluates holds of touched machines, and moves the running
/// totals by the difference.
Result<void> Batch::update_totals() {
  auto rows = write_.rows.extract_sequence();
  const auto is_as_before = [this](const auto& entry) {
    const auto before = before_.find(entry.first);
    return before != before_.end() ? before->second == entry.second : entry.second.by_epoch.empty();
  };
  rows.erase(std::remove_if(rows.begin(), rows.end(), is_as_before), rows.end());
  write_.rows.adopt_sequence(boost::container::ordered_unique_range, std::move(rows));
  std::set<MachineKey> touched;
  for (const auto& [key, changed] : write_.rows) touched.insert(key.machine);
  std::set<MachineKey> rebound;
  for (const MachineKey machine : touched) {
    MB_TRY(Holds holds, holds_after(machine, memory_.decisions[machine]));
    if (holds == memory_.holds[machine]) continue;
    rebound.insert(machine);
    write_.holds[machine] = std::move(holds);
  }
  Totals delta;
  for (const auto& [key, changed] : write_.rows) {
    if (rebound.contains(key.machine)) continue;
    const RowContext rules =
        context(key.machine, memory_.holds[key.machine], memory_.decisions[key.machine]);
    MB_TRY(const Totals after, contribution(rules, key.slot, changed));
    MB_TRYV(add_totals(delta, after, 1));
    const auto before = before_.find(key);
    if (before == before_.end()) continue;
    MB_TRY(const Totals was, contribution(rules, key.slot, before->second));
    MB_TRYV(add_totals(delta, was, -1));
  }
  for (const MachineKey machine : rebound) {
    const Decisions& decisions = memory_.decisions[machine];
    MB_TRYV(rebuild_machine(machine, write_.holds.at(machine), decisions, decisions, delta));
  }
  return add_delta(delta);
}

/// What grew is seen by the names it is billed to; facts only grow, so the rest need not be read.
void Batch::update_facts() {
  const FactsOf facts = [this](MachineKey name) -> MachineFacts& { return facts_of(name); };
  for (const auto& [key, changed] : write_.rows) {
    facts_of(key.machine);  // known from now on, whoever is billed
    add_slot(key.slot, changed, epochs_, memory_.decisions[key.machine], facts);
  }
  for (const auto& [key, sighting] : write_.seen) {
    const EpochFacts& epoch = epochs_.at(key);
    const Decisions& decisions = memory_.decisions[epoch.machine];
    facts_of(owner_of(epoch.machine, epoch.boot, decisions)).seen.merge(sighting);
  }
}

/// The holds of a machine after this batch: from what is remembered of its conflicts if that will
/// do, else from all its rows.
Result<Holds> Batch::holds_after(MachineKey machine, const Decisions& decisions) {
  const Holds& holds = memory_.holds[machine];
  const auto known = memory_.conflicts.find(machine);
  if (known == memory_.conflicts.end() && !holds.empty()) return find_holds(machine, decisions);
  Conflicts conflicts = known == memory_.conflicts.end() ? Conflicts{} : known->second;
  const BootOf boot_of = [this](EpochKey key) -> const BootId& { return epochs_.at(key).boot; };
  bool changed = false;
  for (auto row = write_.rows.lower_bound({machine, kAllSlots.begin});
       row != write_.rows.end() && row->first.machine == machine; ++row) {
    const Extended extended = extend(conflicts, row->first.slot, row->second, boot_of, decisions);
    if (extended == Extended::kNewPair) return find_holds(machine, decisions);
    changed |= extended == Extended::kChanged;
  }
  if (!changed) return holds;
  MB_TRYV(load_epochs(machine));
  Holds moved = holds_of(conflicts, boot_of, decisions);
  new_conflicts_[machine] = std::move(conflicts);
  return moved;
}

/// All epochs of a machine: the rules ask for those of rows that the batch does not touch, too.
Result<void> Batch::load_epochs(MachineKey machine) {
  MB_TRY(const auto stored, store_.epochs(machine));
  epochs_.insert(stored.begin(), stored.end());
  return ok();
}

/// The holds of a machine from all its rows, those of this batch in their new form.
Result<Holds> Batch::find_holds(MachineKey machine, const Decisions& decisions) {
  MB_TRYV(load_epochs(machine));
  const BootOf boot_of = [this](EpochKey key) -> const BootId& { return epochs_.at(key).boot; };
  HoldFinder finder(boot_of, decisions);
  const auto each = [&](Slot slot, const UsageRow& stored) -> Result<void> {
    if (!write_.rows.contains({machine, slot})) finder.add(slot, stored);
    return ok();
  };
  MB_TRYV(store_.rows(machine, kAllSlots, each));
  for (const auto& [key, changed] : write_.rows)
    if (key.machine == machine) finder.add(key.slot, changed);
  Conflicts conflicts = finder.conflicts();
  Holds holds = holds_of(conflicts, boot_of, decisions);
  new_conflicts_[machine] = std::move(conflicts);
  return holds;
}

/// Adds to `delta` what changes when all rows of a machine are looked at under new holds and
/// decisions.
Result<void> Batch::rebuild_machine(MachineKey machine, const Holds& new_holds,
                                    const Decisions& old_decisions, const Decisions& new_decisions,
                                    Totals& delta) {
  MB_TRYV(load_epochs(machine));
  const RowContext was = context(machine, memory_.holds[machine], old_decisions);
  const RowContext is = context(machine, new_holds, new_decisions);
  const auto each = [&](Slot slot, const UsageRow& stored) -> Result<void> {
    MB_TRY(const Totals before, contribution(was, slot, stored));
    MB_TRYV(add_totals(delta, before, -1));
    if (write_.rows.contains({machine, slot})) return ok();
    MB_TRY(const Totals after, contribution(is, slot, stored));
    return add_totals(delta, after, 1);
  };
  MB_TRYV(store_.rows(machine, kAllSlots, each));
  for (const auto& [key, changed] : write_.rows) {
    if (key.machine != machine) continue;
    MB_TRY(const Totals after, contribution(is, key.slot, changed));
    MB_TRYV(add_totals(delta, after, 1));
  }
  return ok();
}

Result<void> Batch::add_delta(const Totals& delta) {
  std::vector<TotalKey> keys;
  for (const auto& [key, quantity] : delta)
    if (quantity != 0) keys.push_back(key);
  if (keys.empty()) return ok();
  MB_TRY(const Loaded loaded, store_.load({}, {}, keys));
  write_.totals.reserve(keys.size());
  for (const TotalKey& key : keys) {
    const auto stored = loaded.totals.find(key);
    const Int128 old = stored == loaded.totals.end() ? Int128{0} : stored->second;
    if (stored == loaded.totals.end()) new_segments_.insert({key.meter, key.segment});
    MB_TRY(write_.totals[key], add(old, delta.at(key)));
  }
  return ok();
}

Result<void> Batch::redecide(MachineKey machine, const Decisions& decisions) {
  bind_names();
  MB_TRY(const Decisions old_decisions, store_.decisions(machine));
  MB_TRY(const Holds holds, find_holds(machine, decisions));
  Totals delta;
  MB_TRYV(rebuild_machine(machine, holds, old_decisions, decisions, delta));
  MB_TRYV(add_delta(delta));
  MB_TRY(const FactsByName derived, facts_after(store_, memory_.decisions, machine, decisions));
  for (const auto& [name, facts] : derived) {
    MachineFacts& known = facts_of(name);
    known = with_derived(known, facts);
    if (known.has_slots()) continue;
    MB_TRY(const auto own, store_.epochs(name));
    if (own.empty()) gone_.insert(name);
  }
  write_.holds[machine] = holds;
  new_decisions_[machine] = decisions;
  write_.added = memory_.names.staged();
  write_.at = now_;
  return ok();
}

Result<void> Batch::search_holds(MachineKey machine) {
  MB_TRY(Holds holds, find_holds(machine, memory_.decisions[machine]));
  if (holds != memory_.holds[machine]) write_.holds[machine] = std::move(holds);
  write_.added = memory_.names.staged();
  write_.at = now_;
  return ok();
}

Result<void> Batch::sum_machine(MachineKey machine, Totals& totals, FactsByName& facts) {
  bind_names();
  MB_TRY(epochs_, store_.epochs(machine));
  const RowContext rules = context(machine, memory_.holds[machine], memory_.decisions[machine]);
  const FactsOf facts_of_name = [&](MachineKey name) -> MachineFacts& { return facts[name]; };
  add_sightings(epochs_, rules.decisions, facts_of_name);
  const auto each = [&](Slot slot, const UsageRow& stored) -> Result<void> {
    add_slot(slot, stored, epochs_, rules.decisions, facts_of_name);
    MB_TRY(const Totals added, contribution(rules, slot, stored));
    return add_totals(totals, added, 1);
  };
  return store_.rows(machine, kAllSlots, each);
}

}  // namespace meterbill
