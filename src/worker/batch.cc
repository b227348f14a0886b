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

/// Adds rows that are not there yet, in their order. One at a time, each would move all behind it;
/// and Boost 1.81 loses rows when it is given such a range of them to insert.
void add_sorted(Rows& rows, Rows::sequence_type&& added) {
  Rows::sequence_type all = rows.extract_sequence();
  const auto known = static_cast<std::ptrdiff_t>(all.size());
  all.insert(all.end(), std::make_move_iterator(added.begin()),
             std::make_move_iterator(added.end()));
  const auto by_key = [](const auto& a, const auto& b) { return a.first < b.first; };
  std::inplace_merge(all.begin(), all.begin() + known, all.end(), by_key);
  rows.adopt_sequence(boost::container::ordered_unique_range, std::move(all));
}

/// The newest of a machine's samples; of one time several.
struct Newest {
  UtcTime at;
  std::vector<const Sample*> samples;

  void see(UtcTime time, const Sample& sample) {
    if (!samples.empty() && time < at) return;
    if (!samples.empty() && at < time) samples.clear();
    at = time;
    samples.push_back(&sample);
  }
};

/// Fewer bytes are packed sooner than another thread begins.
constexpr std::size_t kPackedAtOnce = std::size_t{64} << 10;

/// A source's deliveries of a portion, and of which of them something was applied.
struct Kept {
  std::string source;
  std::vector<Arrival> arrivals;
  std::vector<bool> applied;
};

std::vector<EvidenceRef> refs_of(const std::vector<Kept>& kept,
                                 const std::optional<Released>& released) {
  std::vector<EvidenceRef> refs;
  for (const Kept& of_source : kept) {
    refs.reserve(refs.size() + of_source.arrivals.size());
    for (std::size_t at = 0; at < of_source.arrivals.size(); ++at)
      if (of_source.applied[at])
        refs.push_back({of_source.source, of_source.arrivals[at].position,
                        of_source.arrivals[at].delivery, released});
  }
  return refs;
}

}  // namespace

const Arrival& Batch::arrival(const ItemOrigin& origin) const {
  return batches_[origin.source].arrivals[origin.arrival];
}

Result<void> Batch::apply(std::span<SourceBatch> portion, Items items,
                          const std::optional<Released>& released) {
  MB_TRYV(merge_items(portion, std::move(items)));
  keep_evidence(released);
  return finish();
}

Result<void> Batch::take(std::span<SourceBatch> portion, Items items, UtcTime now) {
  now_ = now;
  MB_TRYV(merge_items(portion, std::move(items)));
  keep_evidence(std::nullopt);
  return ok();
}

Result<void> Batch::merge_items(std::span<SourceBatch> portion, Items items) {
  batches_ = portion;
  applied_.clear();
  for (const SourceBatch& batch : portion) {
    deliveries_ += batch.arrivals.size();
    applied_.emplace_back(batch.arrivals.size(), false);
  }
  counted_.assign(portion.size(), {});
  const Places places = find_places(items);
  MB_TRYV(load(items, places));
  apply_readings(items, places);
  apply_samples(items.samples, places);
  MB_TRYV(apply_events(items.events));
  for (const ItemOrigin& probe : items.probes) count(probe, Outcome::kRepeated);
  for (RefusedItem& refused : items.refused) quarantine(std::move(refused));
  for (std::size_t source = 0; source < portion.size(); ++source)
    if (counted_[source].read() > 0) write_.counts[portion[source].source] += counted_[source];
  advance_positions();
  shared_.clear();
  return ok();
}

Result<void> Batch::finish() {
  MB_TRYV(update_totals());
  update_facts();
  for (std::future<Result<EvidenceBlock>>& packed : packed_) {
    MB_TRY(EvidenceBlock block, packed.get());
    write_.evidence.push_back(std::move(block));
  }
  write_.added = memory_.names.staged();
  write_.at = now_;
  return ok();
}

/// Interns the machine of every item.
Batch::Places Batch::find_places(const Items& items) {
  Places places;
  places.heads.reserve(items.heads.size());
  for (const MessageHead& head : items.heads)
    places.heads.push_back(memory_.names.machine(head.machine));
  places.samples.reserve(items.samples.size());
  for (std::size_t i = 0; i < items.samples.size(); ++i)
    places.samples.emplace_back(
        RowKey{memory_.names.machine(items.samples[i].sample.machine), items.samples[i].slot}, i);
  std::ranges::sort(places.samples);
  return places;
}

/// Loads the rows and epochs that the items touch and no portion before them did, at once.
Result<void> Batch::load(const Items& items, const Places& places) {
  if (meters_.empty()) {
    greatest_epoch_ = memory_.greatest_epoch;
    bind_names();
  }
  std::vector<RowKey> rows;
  std::vector<std::pair<MachineKey, std::string_view>> epochs;  // of names in `items`
  const auto touch = [&](const RowKey& row, const EpochId& epoch) {
    if (!rows.empty() && rows.back() == row && epochs.back().second == epoch.str()) return;
    rows.push_back(row);
    epochs.emplace_back(row.machine, epoch.str());
  };
  for (const ReadyReading& item : items.readings)
    touch({places.heads[item.head], item.reading.slot}, items.heads[item.head].epoch);
  for (const auto& [row, item] : places.samples) touch(row, samples_epoch());
  for (const ReadyEvent& item : items.events)
    touch({memory_.names.machine(item.event.machine), item.slot}, events_epoch());
  sort_and_unify(rows);
  sort_and_unify(epochs);
  std::erase_if(rows, [this](const RowKey& row) { return write_.rows.contains(row); });
  std::vector<std::pair<MachineKey, EpochId>> epoch_names;
  epoch_names.reserve(epochs.size());
  for (const auto& [machine, name] : epochs) {
    EpochId epoch{std::string(name)};
    if (!find_epoch(machine, epoch)) epoch_names.emplace_back(machine, std::move(epoch));
  }
  MB_TRY(Loaded loaded, store_.load(rows, epoch_names, {}));
  for (const auto& [key, facts] : loaded.epochs) epoch_keys_[facts.machine][facts.epoch] = key;
  epochs_.merge(std::move(loaded.epochs));
  Rows::sequence_type fresh;
  fresh.reserve(rows.size());
  for (const RowKey& key : rows) {
    const auto stored = loaded.rows.find(key);
    fresh.emplace_back(key, stored == loaded.rows.end() ? UsageRow{} : stored->second);
  }
  add_sorted(write_.rows, std::move(fresh));
  add_sorted(before_, loaded.rows.extract_sequence());
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

void Batch::apply_readings(Items& items, const Places& places) {
  HeadInUse in_use;
  for (ReadyReading& item : items.readings) {
    const MessageHead& head = items.heads[item.head];
    if (in_use.head != &head) {
      const MachineKey machine = places.heads[item.head];
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
  const Outcome outcome = merge(target, reading);
  count(item.origin, outcome);
  if (outcome == Outcome::kApplied) touch({in_use.machine, in_use.slot});
}

/// Row by row: row and epoch are looked up once for all samples of a machine, and of what was seen
/// only the newest is written down.
void Batch::apply_samples(const std::vector<ReadySample>& items, const Places& places) {
  if (items.empty()) return;
  const LabelSetKey labels = memory_.names.labels({});
  const ScopeKey scope = memory_.names.scope(machine_scope());
  const MeterKey cpu = memory_.names.meter(MeterName{"cpu_usage"});
  const MeterKey used_memory = memory_.names.meter(MeterName{"memory_usage"});
  std::vector<bool> is_applied(items.size(), false);
  for (auto next = places.samples.begin(); next != places.samples.end();) {
    const RowKey key = next->first;
    UsageRow& target = row(key.machine, key.slot);
    const EpochKey epoch = epoch_of(key.machine, {key.machine, samples_epoch(), BootId{}, labels});
    Newest newest;
    for (; next != places.samples.end() && next->first == key; ++next) {
      const ReadySample& item = items[next->second];
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
      is_applied[next->second] = true;
      newest.see(std::min(arrival(item.origin).delivery.recorded, now_), item.sample);
    }
    if (newest.samples.empty()) continue;
    touch(key);
    for (const Sample* sample : newest.samples)
      see(epoch, seen_at(newest.at, decimal_text(sample->cpu_usage_nano, 9),
                         decimal_text(sample->memory_usage_nano, 9)));
  }
  add_recent(items, places, is_applied);
}

/// As they came; of a portion no more than are kept.
void Batch::add_recent(const std::vector<ReadySample>& items, const Places& places,
                       const std::vector<bool>& is_applied) {
  const std::size_t first = items.size() - std::min(items.size(), kRecentMax);
  std::vector<MachineKey> machines(items.size());
  for (const auto& [key, item] : places.samples) machines[item] = key.machine;
  for (std::size_t i = first; i < items.size(); ++i) {
    if (!is_applied[i]) continue;
    const Sample& sample = items[i].sample;
    write_.recent.push_back({machines[i], arrival(items[i].origin).delivery.recorded,
                             decimal_text(sample.cpu_usage_nano, 9),
                             decimal_text(sample.memory_usage_nano, 9), true});
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
  touch({machine, item.slot});
  see(epoch, seen_at(arrival(item.origin).delivery.recorded, "", ""));
}

void Batch::count(const ItemOrigin& origin, Outcome outcome) {
  Counts counts;
  ++(outcome == Outcome::kApplied ? counts.applied : counts.repeated);
  add_counts(origin, counts);
  if (outcome == Outcome::kApplied) applied_[origin.source][origin.arrival] = true;
}

/// Something was applied to the row.
void Batch::touch(const RowKey& row) {
  if (touched_.empty() || touched_.back() != row) touched_.push_back(row);
}

void Batch::add_counts(const ItemOrigin& origin, const Counts& counts) {
  counted_[origin.source] += counts;
  const SourceBatch& batch = batches_[origin.source];
  // Of the others nobody waits for an answer.
  if (batch.route == Route::kHttp)
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

/// The last that is asked of a delivery: a portion can hold 100 MiB of them. Another thread packs
/// them, while the next portion is merged.
void Batch::keep_evidence(const std::optional<Released>& released) {
  sort_and_unify(touched_);
  std::vector<Kept> kept;
  std::size_t held = 0;  // also what nothing was applied of, until the rest is packed
  bool is_any = false;
  for (std::size_t source = 0; source < batches_.size(); ++source) {
    SourceBatch& batch = batches_[source];
    for (std::size_t at = 0; at < applied_[source].size(); ++at) {
      const std::size_t bytes = batch.arrivals[at].delivery.bytes();
      held += sizeof(Arrival) + bytes;
      if (!applied_[source][at]) continue;
      is_any = true;
      bytes_ += bytes;
    }
    kept.push_back({batch.source, std::move(batch.arrivals), std::move(applied_[source])});
  }
  batches_ = {};
  if (!is_any) return;
  auto pack = [&store = std::as_const(store_), at = now_, kept = std::move(kept), released,
               touched = std::exchange(touched_, {})]() mutable -> Result<EvidenceBlock> {
    // Not before the future goes would they else.
    const std::vector<Kept> gone = std::move(kept);
    MB_TRY(EvidenceBlock block, store.pack(refs_of(gone, released)));
    block.at = at;
    block.touched = std::move(touched);
    return block;
  };
  // Deferred also if no thread can be had.
  auto how = std::launch::deferred;
  if (held >= kPackedAtOnce) how |= std::launch::async;
  packed_.push_back(std::async(how, std::move(pack)));
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
