#include "cli/memory_usage.h"

#include <fmt/format.h>

#include <algorithm>

#include "domain/coverage.h"
#include "domain/slot_cover.h"

namespace meterbill {
namespace {

/// The number of a name, new names counted up.
template <class Name, class Key>
Key intern(std::map<Name, Key>& keys, std::map<Key, Name>& names, const Name& name) {
  const auto [found, is_new] =
      keys.try_emplace(name, Key{static_cast<std::int64_t>(keys.size()) + 1});
  if (is_new) names.emplace(found->second, name);
  return found->second;
}

std::vector<Rejection> listed(std::optional<Rejection> rejection) {
  std::vector<Rejection> list;
  if (rejection) list.push_back(*std::move(rejection));
  return list;
}

}  // namespace

std::vector<Rejection> MemoryUsage::apply(const Message& message, Slot sample_slot) {
  if (const auto* readings = std::get_if<ReadingMessage>(&message))
    return apply_readings(*readings);
  if (const auto* sample = std::get_if<Sample>(&message))
    return listed(apply_sample(*sample, sample_slot));
  if (const auto* event = std::get_if<UsageEvent>(&message)) return listed(apply_event(*event));
  if (const auto* rejection = std::get_if<Rejection>(&message)) return {*rejection};
  return {};  // a probe is never billed
}

std::vector<Rejection> MemoryUsage::apply_readings(const ReadingMessage& message) {
  Machine& machine = machines_[message.machine];
  const EpochKey epoch = epoch_key(machine, message.epoch, message.boot, message.labels);
  const Epoch& facts = machine.facts.at(epoch);
  std::vector<Rejection> rejections;
  if (facts.boot != message.boot || facts.labels != message.labels)
    rejections.push_back({Reason::kLabelsChanged,
                          fmt::format("epoch {} came with another boot id or other labels before",
                                      message.epoch.str())});
  for (const ReadingItem& item : message.items) {
    if (const auto* rejection = std::get_if<Rejection>(&item)) {
      rejections.push_back(*rejection);
    } else if (facts.boot == message.boot && facts.labels == message.labels) {
      auto refused = apply_reading(machine, epoch, std::get<Reading>(item));
      if (refused) rejections.push_back(*std::move(refused));
    }
  }
  return rejections;
}

std::optional<Rejection> MemoryUsage::apply_reading(Machine& machine, EpochKey epoch,
                                                    const Reading& reading) {
  if (auto rejection = implausible(reading)) return rejection;
  KeyedReading keyed{.epoch = epoch,
                     .scope = scope_key(reading.scope),
                     .cover = reading.cover,
                     .final = reading.final,
                     .scopes = reading.scopes,
                     .used = {}};
  for (const auto& [meter, value] : reading.used) keyed.used[meter_key(meter)] = value;
  UsageRow& row = machine.rows[reading.slot];
  const auto is_pseudo = [&](EpochKey key) { return machine.facts.at(key).boot.empty(); };
  if (auto rejection = room_for(row, keyed, is_pseudo)) return rejection;
  merge(row, keyed);
  return std::nullopt;
}

std::optional<Rejection> MemoryUsage::apply_sample(const Sample& sample, Slot slot) {
  Machine& machine = machines_[sample.machine];
  if (auto rejection = accumulate_in(machine, samples_epoch(), slot, machine_scope(),
                                     MeterName{"cpu_usage"}, sample.cpu_usage_nano))
    return rejection;
  return accumulate_in(machine, samples_epoch(), slot, machine_scope(), MeterName{"memory_usage"},
                       sample.memory_usage_nano);
}

std::optional<Rejection> MemoryUsage::apply_event(const UsageEvent& event) {
  if (!event_ids_.emplace(event.source, event.id).second) return std::nullopt;
  return accumulate_in(machines_[event.machine], events_epoch(), Slot::containing(event.time),
                       event.scope, event.meter, event.quantity);
}

std::optional<Rejection> MemoryUsage::accumulate_in(Machine& machine, const EpochId& pseudo_epoch,
                                                    Slot slot, const ScopeName& scope,
                                                    const MeterName& meter, std::int64_t quantity) {
  const EpochKey epoch = epoch_key(machine, pseudo_epoch, BootId{}, {});
  const auto sum =
      accumulate(machine.rows[slot], epoch, scope_key(scope), meter_key(meter), quantity);
  if (sum) return std::nullopt;
  return Rejection{Reason::kOverflow, sum.error().message};
}

EpochKey MemoryUsage::epoch_key(Machine& machine, const EpochId& epoch, const BootId& boot,
                                const Labels& labels) {
  const auto [found, is_new] = machine.epochs.try_emplace(epoch, EpochKey{next_epoch_});
  if (is_new) {
    ++next_epoch_;
    machine.facts.emplace(found->second, Epoch{boot, labels});
  }
  return found->second;
}

ScopeKey MemoryUsage::scope_key(const ScopeName& scope) {
  return intern(scope_keys_, scopes_, scope);
}

MeterKey MemoryUsage::meter_key(const MeterName& meter) {
  return intern(meter_keys_, meters_, meter);
}

std::vector<MachineId> MemoryUsage::machines() const {
  std::vector<MachineId> names;
  for (const auto& [name, machine] : machines_)
    if (!machine.rows.empty()) names.push_back(name);
  return names;
}

SlotRange MemoryUsage::slots() const {
  std::optional<SlotRange> range;
  for (const auto& [name, machine] : machines_) {
    if (machine.rows.empty()) continue;
    const SlotRange own{machine.rows.begin()->first, machine.rows.rbegin()->first.next()};
    if (!range) range = own;
    range->begin = std::min(range->begin, own.begin);
    range->end = std::max(range->end, own.end);
  }
  return range.value_or(SlotRange{});
}

Result<RatedUsage> MemoryUsage::rate(SlotRange range, const std::optional<MachineId>& only,
                                     const PriceBook& book) const {
  Rating rating{book};
  std::map<MachineId, MachineNote> notes;
  for (const auto& [name, machine] : machines_) {
    if (machine.rows.empty() || (only && *only != name)) continue;
    MB_TRY(notes[name], rate_machine(name, machine, range, book, rating));
  }
  MB_TRY(Bill bill, rating.finish());
  return RatedUsage{std::move(bill), std::move(notes)};
}

Result<MachineNote> MemoryUsage::rate_machine(const MachineId& name, const Machine& machine,
                                              SlotRange range, const PriceBook& book,
                                              Rating& rating) const {
  const BootOf boot_of = [&machine](EpochKey epoch) -> const BootId& {
    return machine.facts.at(epoch).boot;
  };
  const Decisions undecided;
  HoldFinder finder(boot_of, undecided);
  for (const auto& [slot, row] : machine.rows) finder.add(slot, row);
  const Holds holds = finder.finish();
  const Slot last = slots().end.plus(-1);
  CoverageSum coverage{range,
                       {.first = machine.rows.begin()->first,
                        .cut_off = last.next(),
                        .open = last,
                        .retired = std::nullopt}};
  MachineNote note;
  bool covers_time = false;
  for (auto at = machine.rows.lower_bound(range.begin);
       at != machine.rows.end() && at->first < range.end; ++at) {
    const Slot slot = at->first;
    const UsageRow& row = at->second;
    const std::set<EpochKey> held = held_epochs(machine, row, slot, holds);
    MB_TRYV(rate_row(name, machine, slot, row, held, book, note, rating));
    const auto is_billed = [&held](EpochKey epoch) { return !held.contains(epoch); };
    coverage.add(slot, slot_cover(row, boot_of, is_billed));
    const auto steps = clock_steps(slot, row, boot_of, is_billed);
    note.clock_steps.insert(note.clock_steps.end(), steps.begin(), steps.end());
    covers_time |= std::ranges::any_of(
        row.by_epoch, [](const auto& entry) { return entry.second.cover.has_value(); });
  }
  if (covers_time) note.coverage = coverage.finish();
  return note;
}

Result<void> MemoryUsage::rate_row(const MachineId& name, const Machine& machine, Slot slot,
                                   const UsageRow& row, const std::set<EpochKey>& held,
                                   const PriceBook& book, MachineNote& note, Rating& rating) const {
  for (const auto& [epoch, usage] : row.by_epoch) {
    const std::string labels = to_text(machine.facts.at(epoch).labels);
    for (const auto& [scope_number, totals] : usage.by_scope) {
      const ScopeName& scope = scopes_.at(scope_number);
      for (const auto& [meter_number, value] : totals.used) {
        const MeterName& meter = meters_.at(meter_number);
        if (!held.contains(epoch)) {
          MB_TRYV(rating.add(name, scope, labels, meter, slot, value));
          continue;
        }
        const PriceVersion* version = book.price_version_at(meter, slot);
        if (version == nullptr ? scope != machine_scope() : !bills(*version, scope)) continue;
        MB_TRY(note.held[meter], add(note.held[meter], Int128{value}));
      }
    }
  }
  return ok();
}

std::set<EpochKey> MemoryUsage::held_epochs(const Machine& machine, const UsageRow& row, Slot slot,
                                            const Holds& holds) const {
  const auto key_of = [](const auto& keys, const auto& name) {
    const auto found = keys.find(name);
    return found == keys.end() ? decltype(found->second){} : found->second;
  };
  const ScopeKey whole = key_of(scope_keys_, machine_scope());
  const BootOf boot_of = [&machine](EpochKey epoch) -> const BootId& {
    return machine.facts.at(epoch).boot;
  };
  std::set<EpochKey> held;
  for (const auto& [epoch, usage] : row.by_epoch) {
    const bool conflict = standing(epoch, slot, boot_of, holds, {}) == Standing::kHeld;
    const bool parts = parts_exceed(usage, whole, key_of(meter_keys_, MeterName{"cpu"}),
                                    key_of(meter_keys_, MeterName{"cpu_capacity"}),
                                    key_of(meter_keys_, MeterName{"uptime"}),
                                    [this](ScopeKey scope) { return is_view(scopes_.at(scope)); });
    if (conflict || parts) held.insert(epoch);
  }
  return held;
}

}  // namespace meterbill
