// From the items of a batch to the rows they change.
#include "worker/batch.h"

#include <algorithm>
#include <array>
#include <utility>

namespace meterbill {
namespace {

template <class Value>
void sort_and_unify(std::vector<Value>& values) {
  std::ranges::sort(values);
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

}  // namespace

const Arrival& Batch::arrival(const ItemOrigin& origin) const {
  return batches_[origin.source].arrivals[origin.arrival];
}

Result<void> Batch::apply(std::span<SourceBatch> batches, Items items) {
  batches_ = batches;
  MB_TRYV(load(items));
  apply_readings(items);
  apply_samples(items.samples);
  MB_TRYV(apply_events(items.events));
  for (const ItemOrigin& probe : items.probes) count(probe, Outcome::kRepeated);
  for (RefusedItem& refused : items.refused) quarantine(std::move(refused));
  advance_positions();
  keep_evidence();
  MB_TRYV(update_totals());
  update_facts();
  write_.added = memory_.names.staged();
  write_.at = now_;
  return ok();
}

/// Interns the names of every item and loads the rows and epochs they touch, once.
Result<void> Batch::load(const Items& items) {
  greatest_epoch_ = memory_.greatest_epoch;
  bind_names();
  std::vector<RowKey> rows;
  std::vector<std::pair<MachineKey, std::string_view>> epochs;  // of names in `items`
  const auto touch = [&](MachineKey machine, const EpochId& epoch, Slot slot) {
    const RowKey row{machine, slot};
    if (!rows.empty() && rows.back() == row && epochs.back().second == epoch.str()) return;
    rows.push_back(row);
    epochs.emplace_back(machine, epoch.str());
  };
  for (const ReadyReading& item : items.readings) {
    const MessageHead& head = items.heads[item.head];
    touch(memory_.names.machine(head.machine), head.epoch, item.reading.slot);
  }
  for (const ReadySample& item : items.samples)
    touch(memory_.names.machine(item.sample.machine), samples_epoch(), item.slot);
  for (const ReadyEvent& item : items.events)
    touch(memory_.names.machine(item.event.machine), events_epoch(), item.slot);
  sort_and_unify(rows);
  sort_and_unify(epochs);
  std::vector<std::pair<MachineKey, EpochId>> epoch_names;
  epoch_names.reserve(epochs.size());
  for (const auto& [machine, epoch] : epochs)
    epoch_names.emplace_back(machine, EpochId(std::string(epoch)));
  MB_TRY(Loaded loaded, store_.load(rows, epoch_names, {}));
  before_ = std::move(loaded.rows);
  epochs_ = std::move(loaded.epochs);
  for (const auto& [key, facts] : epochs_) epoch_keys_[facts.machine][facts.epoch] = key;
  write_.rows.reserve(rows.size());
  for (const RowKey& key : rows) {
    const auto stored = before_.find(key);
    write_.rows.emplace_hint(write_.rows.end(), key,
                             stored == before_.end() ? UsageRow{} : stored->second);
  }
  return ok();
}

UsageRow& Batch::row(MachineKey machine, Slot slot) { return write_.rows[{machine, slot}]; }

std::optional<EpochKey> Batch::find_epoch(MachineKey machine, const EpochId& epoch) const {
  const auto of_machine = epoch_keys_.find(machine);
  if (of_machine == epoch_keys_.end()) return std::nullopt;
  const auto found = of_machine->second.find(epoch);
  if (found == of_machine->second.end()) return std::nullopt;
  return found->second;
}

/// The number of an epoch; a new one is added with these facts.
EpochKey Batch::epoch_of(MachineKey machine, const EpochFacts& facts) {
  if (const auto known = find_epoch(machine, facts.epoch)) return *known;
  const EpochKey key{++greatest_epoch_};
  epoch_keys_[machine][facts.epoch] = key;
  epochs_[key] = facts;
  write_.epochs.emplace_back(key, facts);
  return key;
}

void Batch::apply_readings(Items& items) {
  HeadInUse in_use;
  for (ReadyReading& item : items.readings) {
    const MessageHead& head = items.heads[item.head];
    if (in_use.head != &head) {
      const MachineKey machine = memory_.names.machine(head.machine);
      in_use = {.head = &head,
                .machine = machine,
                .labels = memory_.names.labels(head.labels),
                .epoch = find_epoch(machine, head.epoch)};
    }
    apply_reading(item, in_use);
  }
}

void Batch::apply_reading(ReadyReading& item, HeadInUse& in_use) {
  const MessageHead& head = *in_use.head;
  const auto refuse = [&](Rejection rejection) {
    quarantine({item.origin, std::move(rejection), head.machine.str(),
                reading_key(head, item.reading), weight_of(item.reading)});
  };
  if (in_use.epoch && !in_use.is_seen) {
    const EpochFacts& facts = epochs_.at(*in_use.epoch);
    if (facts.boot != head.boot || facts.labels != in_use.labels)
      return refuse(
          {Reason::kLabelsChanged, "the epoch began with other labels or another boot id"});
  }
  KeyedReading reading{.epoch = in_use.epoch.value_or(EpochKey{}),
                       .scope = memory_.names.scope(item.reading.scope),
                       .cover = item.reading.cover,
                       .final = item.reading.final,
                       .scopes = item.reading.scopes,
                       .used = {}};
  if (in_use.row == nullptr || in_use.slot != item.reading.slot) {
    in_use.slot = item.reading.slot;
    in_use.row = &row(in_use.machine, in_use.slot);
  }
  UsageRow& target = *in_use.row;
  const auto is_pseudo = [this](EpochKey key) { return epochs_.at(key).boot.empty(); };
  if (auto full = room_for(target, reading, is_pseudo)) return refuse(std::move(*full));
  if (!in_use.epoch)
    in_use.epoch = epoch_of(in_use.machine, {in_use.machine, head.epoch, head.boot, in_use.labels});
  reading.epoch = *in_use.epoch;
  reading.used.reserve(item.reading.used.size());
  for (const auto& [meter, value] : item.reading.used)
    reading.used.emplace(memory_.names.meter(meter), value);
  if (!std::exchange(in_use.is_seen, true)) see(reading.epoch, head.seen);
  count(item.origin, merge(target, reading));
}

void Batch::apply_samples(const std::vector<ReadySample>& items) {
  if (items.empty()) return;
  const LabelSetKey labels = memory_.names.labels({});
  const ScopeKey scope = memory_.names.scope(machine_scope());
  const MeterKey cpu = memory_.names.meter(MeterName{"cpu_usage"});
  const MeterKey used_memory = memory_.names.meter(MeterName{"memory_usage"});
  for (const ReadySample& item : items) {
    const MachineKey machine = memory_.names.machine(item.sample.machine);
    UsageRow& target = row(machine, item.slot);
    const EpochKey epoch = epoch_of(machine, {machine, samples_epoch(), BootId{}, labels});
    const std::array quantities{std::pair{cpu, item.sample.cpu_usage_nano},
                                std::pair{used_memory, item.sample.memory_usage_nano}};
    const auto added = accumulate(target, epoch, scope, quantities);
    if (!added) {
      quarantine({item.origin,
                  {Reason::kOverflow, added.error().message},
                  item.sample.machine.str(),
                  "",
                  0});
      continue;
    }
    count(item.origin, Outcome::kApplied);
    std::string cpu_text = decimal_text(item.sample.cpu_usage_nano, 9);
    std::string memory_text = decimal_text(item.sample.memory_usage_nano, 9);
    const UtcTime at = arrival(item.origin).delivery.recorded;
    see(epoch, seen_at(at, cpu_text, memory_text));
    write_.recent.push_back({machine, at, std::move(cpu_text), std::move(memory_text), true});
  }
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
  if (outcome == Outcome::kApplied) evidence_.emplace_back(origin.source, origin.arrival);
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

/// The last that is asked of a delivery: a batch can hold 100 MiB of them.
void Batch::keep_evidence() {
  sort_and_unify(evidence_);
  write_.evidence.reserve(evidence_.size());
  for (const auto& [source, arrival] : evidence_) {
    Arrival& kept = batches_[source].arrivals[arrival];
    write_.evidence.push_back({batches_[source].source, kept.position, std::move(kept.delivery)});
  }
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

/// After the last arrival of each partition: what is below it was read, whatever became of it. And
/// past each gap: nothing in it can be read any more.
void Batch::advance_positions() {
  for (const SourceBatch& batch : batches_) {
    if (batch.route != Route::kKafka || batch.digests == nullptr) continue;
    std::map<std::int32_t, const Arrival*> last;
    for (const Arrival& read : batch.arrivals) {
      const Arrival*& newest = last[read.position.partition];
      if (newest == nullptr || newest->position.offset < read.position.offset) newest = &read;
    }
    std::map<std::int32_t, PartitionPosition> moved = batch.positions;
    for (const auto& [partition, newest] : last) {
      PartitionPosition& position = moved[partition];
      if (newest->position.offset < position.next_offset) continue;
      position.partition = partition;
      position.next_offset = newest->position.offset + 1;
      position.anchor = Anchor{newest->position.offset, batch.digests->digest(newest->delivery),
                               newest->delivery.recorded};
    }
    for (const Gap& gap : batch.gaps) pass(batch, gap, moved[gap.partition]);
    for (const auto& [partition, position] : moved) {
      const auto known = batch.positions.find(partition);
      if (known == batch.positions.end() || known->second != position)
        write_.positions[batch.source].push_back(position);
    }
  }
}

/// Moves the position past the gap, which becomes part of the write set.
void Batch::pass(const SourceBatch& batch, Gap gap, PartitionPosition& position) {
  const auto known = batch.positions.find(gap.partition);
  if (known != batch.positions.end() && known->second.anchor)
    gap.after = known->second.anchor->recorded;
  for (const Arrival& read : batch.arrivals)
    if (read.position.partition == gap.partition && read.position.offset < gap.from)
      gap.after = read.delivery.recorded;
  gap.source = batch.source;
  gap.detected = now_;
  position.partition = gap.partition;
  position.next_offset = std::max(position.next_offset, gap.to + 1);
  write_.gaps.push_back(std::move(gap));
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
