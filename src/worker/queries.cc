#include "worker/queries.h"

#include <fmt/format.h>

#include <algorithm>

#include "domain/coverage.h"

namespace meterbill {
namespace {

/// True if a decision discards something of a machine, or the hold that follows from one.
bool discards(const Decisions& decisions, const Holds& holds) {
  return std::ranges::any_of(
             decisions,
             [](const auto& decided) { return decided.second.decision == Decision::kDiscard; }) ||
         std::ranges::any_of(holds,
                             [](const auto& hold) { return hold.second.discarded.has_value(); });
}

}  // namespace

std::string Queries::labels_text(const Dictionary& names, LabelSetKey key) {
  const auto found = names.label_sets.find(key);
  return found == names.label_sets.end() ? std::string() : to_text(found->second);
}

Result<void> Queries::open_view(LedgerReader& ledger, View& view) const {
  MB_TRY(view.names, ledger.dictionary());
  MB_TRY(view.machines, ledger.machines());
  MB_TRY(view.holds, ledger.all_holds());
  for (const auto& [key, facts] : view.machines) {
    view.keys.emplace(facts.name, key);
    view.newest = std::max(view.newest, facts.last_slot);
    Decisions& decisions = view.decisions[key];
    MB_TRY(decisions, ledger.decisions(key));
    for (const auto& [boot, decision] : decisions)
      if (decision.decision == Decision::kRename) view.renamed[decision.renamed_to].insert(key);
  }
  for (const auto& [key, name] : view.names.scopes)
    if (name == machine_scope()) view.machine_scope = key;
  for (const auto& [key, name] : view.names.meters) view.meters.emplace(name.str(), key);
  for (const auto& [name, meter, quantity] : kTimeMeters) {
    const auto found = view.meters.find(std::string(name));
    if (found == view.meters.end()) continue;
    view.time.*meter = found->second;
    view.names.meters.erase(found->second);
  }
  view.scope_name = [&view](ScopeKey key) -> const ScopeName& { return view.names.scopes.at(key); };
  view.meter_name = [&view](MeterKey key) -> const MeterName& { return view.names.meters.at(key); };
  // Remembers those of the slot asked for last: every scope of a row asks for each meter.
  view.segment_of = [this, &view, known = FlatMap<MeterKey, Slot>(), known_of = Slot()](
                        MeterKey meter, Slot slot) mutable {
    if (known_of != slot) known.clear();
    known_of = slot;
    const auto [segment, is_new] = known.try_emplace(meter);
    if (is_new) segment->second = book_.segment_start(view.names.meters.at(meter), slot);
    return segment->second;
  };
  return ok();
}

Result<MachineKey> Queries::key_of(const View& view, const MachineId& machine) {
  const auto found = view.keys.find(machine);
  if (found != view.keys.end()) return found->second;
  return fail(Code::kNotFound,
              fmt::format("no machine '{}'; `meterbill machine list` names them", machine.str()));
}

std::set<MachineKey> Queries::sources(const View& view, const std::optional<MachineId>& machine) {
  std::set<MachineKey> keys;
  if (!machine) {
    for (const auto& [name, key] : view.keys) keys.insert(key);
    return keys;
  }
  const auto own = view.keys.find(*machine);
  if (own == view.keys.end()) return keys;
  keys.insert(own->second);
  const auto renamed = view.renamed.find(own->second);
  if (renamed != view.renamed.end()) keys.insert(renamed->second.begin(), renamed->second.end());
  return keys;
}

std::vector<ClockStep> Queries::clock_steps_of(MachineKey machine, const RowContext& context,
                                               Slot slot, const UsageRow& row) {
  const auto is_billed = [&](EpochKey epoch) {
    return billed_machine(context, slot, epoch, row.by_epoch.at(epoch)) == machine;
  };
  return clock_steps(slot, row, boot_of(context), is_billed);
}

Result<void> Queries::walk(LedgerReader& ledger, const View& view, MachineKey machine,
                           SlotRange range, const EachRow& each) {
  MB_TRY(const auto epochs, ledger.epochs(machine));
  const auto found = view.holds.find(machine);
  const Holds no_holds;
  const RowContext context{.machine = machine,
                           .epochs = epochs,
                           .holds = found == view.holds.end() ? no_holds : found->second,
                           .decisions = view.decisions.at(machine),
                           .scope_name = view.scope_name,
                           .meter_name = view.meter_name,
                           .segment_of = view.segment_of,
                           .meters = view.meters,
                           .machine_scope = view.machine_scope};
  return ledger.rows(machine, range,
                     [&](Slot slot, const UsageRow& row) { return each(context, slot, row); });
}

void Queries::add_whole(const RowContext& context, const EpochUsage& usage, KeptOut& to) {
  const auto whole = usage.by_scope.find(context.machine_scope);
  if (whole == usage.by_scope.end()) return;
  for (const auto& [meter, quantity] : whole->second.used)
    to[context.meter_name(meter)] += quantity;
}

Result<std::map<MachineId, KeptOut>> Queries::discarded(
    LedgerReader& ledger, const std::optional<MachineId>& machine) const {
  View view;
  MB_TRYV(open_view(ledger, view));
  std::map<MachineId, KeptOut> found;
  for (const auto& [key, facts] : view.machines) {
    if (!is_wanted(machine, facts.name) || !discards(view.decisions[key], view.holds[key]))
      continue;
    KeptOut& quantities = found[facts.name];
    const auto each = [&](const RowContext& context, Slot slot, const UsageRow& row) {
      for (const auto& [epoch, usage] : row.by_epoch)
        if (standing_in_row(context, slot, epoch, usage) == Standing::kDiscarded)
          add_whole(context, usage, quantities);
      return Result<void>(ok());
    };
    MB_TRYV(walk(ledger, view, key, kAllSlots, each));
  }
  return found;
}

Slot Queries::cut_off(const View& view, const Period& period, UtcTime now) {
  return std::min(period.slots.end, std::max(view.newest, Slot::containing(now)).next());
}

Expectation Queries::expectation(const View& view, const MachineFacts& machine,
                                 const Period& period, UtcTime now) {
  const Slot current = Slot::containing(now);
  return {.first = machine.first_slot,
          .cut_off = cut_off(view, period, now),
          .open = period.slots.contains(current) ? std::optional(current) : std::nullopt,
          .retired = machine.retired};
}

Result<MachineCost> Queries::cost(LedgerReader& ledger, const MachineId& machine,
                                  UtcTime now) const {
  MB_TRY(const Dictionary names, ledger.dictionary());
  const auto found = std::ranges::find_if(
      names.machines, [&](const auto& entry) { return entry.second == machine; });
  if (found == names.machines.end())
    return fail(Code::kNotFound, "No data found for machine_id: " + machine.str());
  // Names that are no machines are of quarantine. All of a machine may be held, or decided away:
  // that costs nothing.
  MB_TRY(const auto machines, ledger.machines());
  const auto known = machines.find(found->first);
  if (known == machines.end())
    return fail(Code::kNotFound, "No data found for machine_id: " + machine.str());
  const MachineFacts& facts = known->second;
  MB_TRY(const auto totals, ledger.totals(found->first));
  MB_TRY(Period period, month_of(now, book_.zone()));
  Rating rating(book_);
  for (const auto& [total, quantity] : totals) {
    const MeterName& meter = names.meters.at(total.meter);
    if (!period.slots.contains(total.segment) || is_of_time(meter)) continue;
    MB_TRYV(rating.add(machine, names.scopes.at(total.scope), labels_text(names, total.labels),
                       meter, total.segment, quantity));
  }
  MB_TRY(const Bill bill, rating.finish());
  MachineCost cost{bill.exact_total, std::nullopt, std::move(period)};
  const Sighting& seen = facts.seen;
  if (!seen.cpu_usage_percent.empty() && !seen.memory_usage_percent.empty()) {
    MB_TRY(cost.sample_cost,
           sample_cost(seen.percent_at, seen.cpu_usage_percent, seen.memory_usage_percent));
  }
  return cost;
}

Result<Cost> Queries::sample_cost(UtcTime at, const std::string& cpu_usage,
                                  const std::string& memory_usage) const {
  Rating rating(book_);
  const Slot slot = Slot::containing(at);
  const std::pair<const char*, const std::string*> parts[] = {{"cpu_usage", &cpu_usage},
                                                              {"memory_usage", &memory_usage}};
  for (const auto& [meter, text] : parts) {
    MB_TRY(const Int128 nano, parse_decimal(*text, 9));
    MB_TRYV(rating.add(MachineId{"sample"}, machine_scope(), "", MeterName{meter}, slot, nano));
  }
  MB_TRY(const Bill bill, rating.finish());
  return bill.exact_total;
}

Result<std::vector<ClockStep>> Queries::newest_clock_steps(LedgerReader& ledger,
                                                           const MachineId& machine,
                                                           std::size_t max) const {
  View view;
  MB_TRYV(open_view(ledger, view));
  MB_TRY(const MachineKey key, key_of(view, machine));
  std::vector<ClockStep> steps;
  const auto each = [&](const RowContext& context, Slot slot, const UsageRow& row) -> Result<void> {
    const auto own = clock_steps_of(key, context, slot, row);
    steps.insert(steps.end(), own.begin(), own.end());
    return ok();
  };
  for (const MachineKey source : sources(view, machine)) {
    MB_TRYV(walk(ledger, view, source, kAllSlots, each));
  }
  std::ranges::stable_sort(steps, {}, &ClockStep::slot);
  if (steps.size() > max)
    steps.erase(steps.begin(), steps.end() - static_cast<std::ptrdiff_t>(max));
  return steps;
}

}  // namespace meterbill
