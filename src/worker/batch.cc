#include "worker/batch.h"

#include <fmt/format.h>

#include <algorithm>
#include <variant>

#include "base/assert.h"

namespace meterbill {
namespace {

Outcome keep_if_grew(const UsageRow& before, const UsageRow& after) {
  return before == after ? Outcome::kRepeated : Outcome::kApplied;
}

}  // namespace

const Arrival& Batch::arrival(const ItemOrigin& origin) const {
  return batches_[origin.source].arrivals[origin.arrival];
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
          .segment_of = segment_of_,
          .meters = meters_,
          .machine_scope = scope.value_or(ScopeKey{})};
}

Result<void> Batch::apply(std::span<SourceBatch> batches, Items items) {
  batches_ = batches;
  MB_TRYV(load(items));
  for (ReadyReading& item : items.readings) apply_reading(item, items.heads[item.head]);
  for (const ReadySample& item : items.samples) {
    MB_TRYV(apply_sample(item));
  }
  MB_TRYV(apply_events(items.events));
  for (const ItemOrigin& probe : items.probes) count(probe, Outcome::kRepeated);
  for (RefusedItem& refused : items.refused) quarantine(std::move(refused));
  advance_positions();
  // The last that is asked of a delivery: a batch can hold 100 MiB of them.
  for (const auto& [source, arrival] : evidence_) {
    Arrival& kept = batches_[source].arrivals[arrival];
    write_.evidence.push_back({batches_[source].source, kept.position, std::move(kept.delivery)});
  }
  MB_TRYV(update_totals());
  update_facts();
  write_.added = memory_.names.staged();
  write_.at = now_;
  return ok();
}

/// The names that the rules about rows ask for.
void Batch::bind_names() {
  scope_name_ = [this](ScopeKey key) -> const ScopeName& { return memory_.names.name(key); };
  meter_name_ = [this](MeterKey key) -> const MeterName& { return memory_.names.name(key); };
  for (const char* meter : {"cpu", "cpu_capacity", "uptime"})
    meters_[meter] = memory_.names.meter(MeterName{meter});
}

/// Interns the names of every item and loads the rows and epochs they touch, once.
Result<void> Batch::load(const Items& items) {
  greatest_epoch_ = memory_.greatest_epoch;
  bind_names();
  std::set<RowKey> rows;
  std::set<std::pair<MachineKey, EpochId>> epochs;
  const auto touch = [&](const MachineId& name, const EpochId& epoch, Slot slot) {
    const MachineKey machine = memory_.names.machine(name);
    rows.insert({machine, slot});
    epochs.insert({machine, epoch});
  };
  for (const ReadyReading& item : items.readings)
    touch(items.heads[item.head].machine, items.heads[item.head].epoch, item.reading.slot);
  for (const ReadySample& item : items.samples)
    touch(item.sample.machine, samples_epoch(), item.slot);
  for (const ReadyEvent& item : items.events) touch(item.event.machine, events_epoch(), item.slot);
  const std::vector<RowKey> row_keys(rows.begin(), rows.end());
  const std::vector<std::pair<MachineKey, EpochId>> epoch_keys(epochs.begin(), epochs.end());
  MB_TRY(Loaded loaded, store_.load(row_keys, epoch_keys, {}));
  before_ = std::move(loaded.rows);
  epochs_ = std::move(loaded.epochs);
  for (const auto& [key, facts] : epochs_) epoch_keys_[{facts.machine, facts.epoch}] = key;
  write_.rows = before_;
  return ok();
}

UsageRow& Batch::row(MachineKey machine, Slot slot) { return write_.rows[{machine, slot}]; }

/// The number of an epoch; a new one is added with these facts.
EpochKey Batch::epoch_of(MachineKey machine, const EpochFacts& facts) {
  const auto found = epoch_keys_.find({machine, facts.epoch});
  if (found != epoch_keys_.end()) return found->second;
  const EpochKey key{++greatest_epoch_};
  epoch_keys_[{machine, facts.epoch}] = key;
  epochs_[key] = facts;
  write_.epochs.emplace_back(key, facts);
  return key;
}

void Batch::apply_reading(ReadyReading& item, const MessageHead& head) {
  const MachineKey machine = memory_.names.machine(head.machine);
  const auto refuse = [&](Rejection rejection) {
    quarantine({item.origin, std::move(rejection), head.machine.str(),
                reading_key(head, item.reading), weight_of(item.reading)});
  };
  const LabelSetKey labels = memory_.names.labels(head.labels);
  const auto known = epoch_keys_.find({machine, head.epoch});
  if (known != epoch_keys_.end()) {
    const EpochFacts& facts = epochs_.at(known->second);
    if (facts.boot != head.boot || facts.labels != labels)
      return refuse(
          {Reason::kLabelsChanged, "the epoch began with other labels or another boot id"});
  }
  KeyedReading reading{.epoch = known == epoch_keys_.end() ? EpochKey{} : known->second,
                       .scope = memory_.names.scope(item.reading.scope),
                       .cover = item.reading.cover,
                       .final = item.reading.final,
                       .scopes = item.reading.scopes,
                       .used = {}};
  UsageRow& target = row(machine, item.reading.slot);
  const auto is_pseudo = [this](EpochKey key) { return epochs_.at(key).boot.empty(); };
  if (auto full = room_for(target, reading, is_pseudo)) return refuse(std::move(*full));
  reading.epoch = epoch_of(machine, {machine, head.epoch, head.boot, labels});
  for (const auto& [meter, value] : item.reading.used)
    reading.used.emplace(memory_.names.meter(meter), value);
  see(reading.epoch, head.seen);
  count(item.origin, merge(target, reading));
}

Result<void> Batch::apply_sample(const ReadySample& item) {
  const MachineKey machine = memory_.names.machine(item.sample.machine);
  UsageRow& target = row(machine, item.slot);
  const EpochKey epoch =
      epoch_of(machine, {machine, samples_epoch(), BootId{}, memory_.names.labels({})});
  const ScopeKey scope = memory_.names.scope(machine_scope());
  const UsageRow unchanged = target;
  const MeterKey cpu = memory_.names.meter(MeterName{"cpu_usage"});
  const MeterKey used_memory = memory_.names.meter(MeterName{"memory_usage"});
  Result<void> added = accumulate(target, epoch, scope, cpu, item.sample.cpu_usage_nano);
  if (added) added = accumulate(target, epoch, scope, used_memory, item.sample.memory_usage_nano);
  if (!added) {
    target = unchanged;
    quarantine({item.origin,
                {Reason::kOverflow, added.error().message},
                item.sample.machine.str(),
                "",
                0});
    return ok();
  }
  count(item.origin, Outcome::kApplied);
  const std::string cpu_text = decimal_text(item.sample.cpu_usage_nano, 9);
  const std::string memory_text = decimal_text(item.sample.memory_usage_nano, 9);
  const UtcTime at = arrival(item.origin).delivery.recorded;
  see(epoch, seen_at(at, cpu_text, memory_text));
  write_.recent.push_back({machine, at, cpu_text, memory_text, true});
  return ok();
}

Result<void> Batch::apply_events(const std::vector<ReadyEvent>& events) {
  if (events.empty()) return ok();
  std::vector<EventKey> keys;
  keys.reserve(events.size());
  for (const ReadyEvent& item : events) keys.push_back({item.event.source, item.event.id});
  MB_TRY(const std::vector<EventKey> found, store_.known_events(keys));
  known_events_.insert(found.begin(), found.end());
  for (const ReadyEvent& item : events) apply_event(item);
  return ok();
}

void Batch::apply_event(const ReadyEvent& item) {
  const UsageEvent& event = item.event;
  const EventKey key{event.source, event.id};
  if (known_events_.contains(key)) return count(item.origin, Outcome::kRepeated);
  const MachineKey machine = memory_.names.machine(event.machine);
  UsageRow& target = row(machine, item.slot);
  const EpochKey epoch =
      epoch_of(machine, {machine, events_epoch(), BootId{}, memory_.names.labels({})});
  const auto added = accumulate(target, epoch, memory_.names.scope(event.scope),
                                memory_.names.meter(event.meter), event.quantity);
  if (!added)
    return quarantine(
        {item.origin, {Reason::kOverflow, added.error().message}, event.machine.str(), "", 0});
  known_events_.insert(key);
  write_.event_ids.emplace_back(key, event.time);
  count(item.origin, Outcome::kApplied);
  see(epoch, seen_at(arrival(item.origin).delivery.recorded, "", ""));
}

void Batch::count(const ItemOrigin& origin, Outcome outcome) {
  Counts counts;
  ++(outcome == Outcome::kApplied ? counts.applied : counts.repeated);
  add_counts(origin, counts);
  if (outcome == Outcome::kApplied) evidence_.insert({origin.source, origin.arrival});
}

void Batch::add_counts(const ItemOrigin& origin, const Counts& counts) {
  const SourceBatch& batch = batches_[origin.source];
  write_.counts[batch.source] += counts;
  requests_[{origin.source, batch.arrivals[origin.arrival].request}] += counts;
}

void Batch::quarantine(RefusedItem refused) {
  const SourceBatch& batch = batches_[refused.origin.source];
  const Arrival& from = arrival(refused.origin);
  QuarantineItem item;
  item.source = batch.source;
  item.position = from.position;
  item.machine = refused.machine.substr(0, 128);
  item.reading_key = std::move(refused.reading_key);
  item.weight = refused.weight;
  item.ordinal = refused.origin.ordinal;
  item.rejection = std::move(refused.rejection);
  item.first_at = item.last_at = now_;
  item.delivery = shared_delivery(refused.origin);
  item.value_bytes = static_cast<std::int64_t>(from.delivery.value.size());
  write_.quarantine.push_back(std::move(item));
  add_counts(refused.origin, {.applied = 0, .repeated = 0, .quarantined = 1});
}

/// A message can hold a thousand refused readings: its bytes are kept once.
std::shared_ptr<const Delivery> Batch::shared_delivery(const ItemOrigin& origin) {
  auto& shared = shared_[{origin.source, origin.arrival}];
  if (!shared) shared = std::make_shared<const Delivery>(arrival(origin).delivery);
  return shared;
}

/// By a message of which something is applied or repeated.
void Batch::see(EpochKey epoch, Sighting sighting) {
  // A producer's record time may lie in the future: for ever seen until then, if it were taken.
  sighting.at = std::min(sighting.at, now_);
  sighting.percent_at = std::min(sighting.percent_at, now_);
  write_.seen.try_emplace(epoch, epochs_.at(epoch).seen).first->second.merge(sighting);
}

MachineFacts& Batch::facts_of(MachineKey machine) {
  const auto [entry, is_new] = write_.machines.try_emplace(machine);
  if (!is_new) return entry->second;
  const auto known = memory_.machines.find(machine);
  if (known != memory_.machines.end()) {
    entry->second = known->second;
  } else {
    entry->second.key = machine;
    entry->second.name = memory_.names.name(machine);
  }
  return entry->second;
}

/// After the last arrival of each partition: what is below it was read, whatever became of it.
void Batch::advance_positions() {
  for (const SourceBatch& batch : batches_) {
    if (batch.route != Route::kKafka || batch.digests == nullptr) continue;
    std::map<std::int32_t, const Arrival*> last;
    for (const Arrival& read : batch.arrivals) {
      const Arrival*& newest = last[read.position.partition];
      if (newest == nullptr || newest->position.offset < read.position.offset) newest = &read;
    }
    for (const auto& [partition, newest] : last) {
      const auto known = batch.positions.find(partition);
      PartitionPosition position;
      if (known != batch.positions.end()) position = known->second;
      if (newest->position.offset < position.next_offset) continue;
      position.partition = partition;
      position.next_offset = newest->position.offset + 1;
      position.anchor = Anchor{newest->position.offset, batch.digests->digest(newest->delivery)};
      write_.positions[batch.source].push_back(position);
    }
  }
}

/// Drops rows that did not change, re-evaluates holds of touched machines, and moves the running
/// totals by the difference.
Result<void> Batch::update_totals() {
  std::erase_if(write_.rows, [this](const auto& entry) {
    const auto before = before_.find(entry.first);
    return before != before_.end()
               ? keep_if_grew(before->second, entry.second) == Outcome::kRepeated
               : entry.second.by_epoch.empty();
  });
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
  MB_TRY(const auto stored_epochs, store_.epochs(machine));
  epochs_.insert(stored_epochs.begin(), stored_epochs.end());
  Holds moved = holds_of(conflicts, boot_of, decisions);
  new_conflicts_[machine] = std::move(conflicts);
  return moved;
}

/// The holds of a machine from all its rows, those of this batch in their new form.
Result<Holds> Batch::find_holds(MachineKey machine, const Decisions& decisions) {
  MB_TRY(const auto stored_epochs, store_.epochs(machine));
  epochs_.insert(stored_epochs.begin(), stored_epochs.end());
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
  MB_TRY(const auto stored_epochs, store_.epochs(machine));
  epochs_.insert(stored_epochs.begin(), stored_epochs.end());
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

void Batch::remember() {
  memory_.names.keep();
  memory_.greatest_epoch = std::max(memory_.greatest_epoch, greatest_epoch_);
  for (const auto& [machine, facts] : write_.machines) memory_.machines[machine] = facts;
  for (const MachineKey machine : gone_) memory_.machines.erase(machine);
  for (const auto& [machine, holds] : write_.holds) memory_.holds[machine] = holds;
  for (auto& [machine, conflicts] : new_conflicts_)
    memory_.conflicts[machine] = std::move(conflicts);
  for (const auto& [machine, decisions] : new_decisions_) memory_.decisions[machine] = decisions;
}

}  // namespace meterbill
