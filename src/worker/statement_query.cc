// The statement of a period: lines and what is said beside them, from totals or row by row.
#include <algorithm>

#include "domain/coverage.h"
#include "domain/slot_cover.h"
#include "worker/machine_facts.h"
#include "worker/queries.h"

namespace meterbill {
namespace {

/// False: the meter is none of time.
bool add_time(const TimeMeters& meters, MeterKey key, Int128 quantity, TimeTotals& to) {
  for (const auto& [name, meter, total] : kTimeMeters) {
    if (meters.*meter != key) continue;
    // Of at most all slots of a period.
    to.*total += static_cast<std::int64_t>(quantity);
    return true;
  }
  return false;
}

/// Gathers coverage, clock steps and held usage of one machine name while rows are walked.
struct NoteBuilder {
  CoverageSum sum;
  /// With boots of other names, whose rows may be of the same slots: summed before they count.
  bool has_several_sources = false;
  std::map<Slot, SlotCover> of_several = {};
  MachineNote note = {};
  bool has_cover = false;

  void add(Slot slot, const UsageRow& row, const BootOf& boot_of,
           const std::function<bool(EpochKey)>& is_billed) {
    if (has_several_sources)
      of_several[slot].add(row, boot_of, is_billed);
    else
      sum.add(slot, slot_cover(row, boot_of, is_billed));
  }
  MachineNote finish() {
    for (const auto& [slot, cover] : of_several) sum.add(slot, cover.finish());
    if (has_cover) note.coverage = sum.finish();
    std::ranges::stable_sort(note.clock_steps, {}, &ClockStep::slot);
    return std::move(note);
  }
};

}  // namespace

Result<void> Queries::rate(const View& view, const Totals& totals,
                           const std::optional<MachineId>& machine, Rating& rating) {
  for (const auto& [total, quantity] : totals) {
    const MachineId& name = view.names.machines.at(total.machine);
    if (!is_wanted(machine, name) || quantity == 0) continue;
    MB_TRYV(rating.add(name, view.scope_name(total.scope), labels_text(view.names, total.labels),
                       view.meter_name(total.meter), total.segment, quantity));
  }
  return ok();
}

Result<std::map<MachineKey, TimeTotals>> Queries::rate_running(
    LedgerReader& ledger, const View& view, const Period& period,
    const std::optional<MachineId>& machine, Rating& rating) {
  std::map<MachineKey, TimeTotals> times;
  for (const auto& [key, facts] : view.machines) {
    if (!is_wanted(machine, facts.name)) continue;
    MB_TRY(const Totals totals, ledger.totals(key));
    TimeTotals& time = times[key];
    Totals rated;
    for (const auto& [total, quantity] : totals) {
      if (!period.slots.contains(total.segment)) continue;
      if (!add_time(view.time, total.meter, quantity, time))
        rated.emplace_hint(rated.end(), total, quantity);
    }
    MB_TRYV(rate(view, rated, machine, rating));
  }
  return times;
}

/// What a statement says of machines beside their lines: row by row, or from the totals of time
/// where these say it all.
class Queries::Notes {
 public:
  Notes(LedgerReader& ledger, const View& view, const Period& period, UtcTime now,
        const std::optional<MachineId>& machine)
      : ledger_(ledger), view_(view), period_(period) {
    for (const auto& [key, facts] : view.machines)
      if (is_wanted(machine, facts.name))
        builders_.try_emplace(
            facts.name,
            NoteBuilder{.sum = CoverageSum(period.slots, expectation(view, facts, period, now)),
                        .has_several_sources = view.renamed.contains(key)});
  }

  void add_row(const RowContext& context, Slot slot, const UsageRow& row) {
    std::map<MachineId, std::set<EpochKey>> billed;
    for (const auto& [epoch, usage] : row.by_epoch) {
      const Standing standing = standing_in_row(context, slot, epoch, usage);
      const BootId& boot = context.epochs.at(epoch).boot;
      if (boot.empty()) continue;
      const MachineKey owner = owner_of(context.machine, boot, context.decisions);
      const MachineId& name = view_.names.machines.at(owner);
      const auto builder = builders_.find(name);
      if (builder == builders_.end()) continue;
      if (standing == Standing::kBilled || standing == Standing::kRenamed)
        billed[name].insert(epoch);
      if (standing == Standing::kHeld) add_whole(context, usage, builder->second.note.held);
      if (standing == Standing::kDiscarded)
        add_whole(context, usage, builder->second.note.discarded);
    }
    for (const auto& entry : billed) {
      const std::set<EpochKey>& epochs = entry.second;
      const auto is_billed = [&epochs](EpochKey epoch) { return epochs.contains(epoch); };
      NoteBuilder& builder = builders_.at(entry.first);
      builder.add(slot, row, boot_of(context), is_billed);
      const auto steps = clock_steps(slot, row, boot_of(context), is_billed);
      builder.note.clock_steps.insert(builder.note.clock_steps.end(), steps.begin(), steps.end());
    }
  }

  /// The rows of one machine, from its totals if that will do.
  Result<void> add_machine(MachineKey key, const TimeTotals& time) {
    const auto builder = builders_.find(view_.names.machines.at(key));
    const bool is_told = builder != builders_.end() && time.special == 0 &&
                         !builder->second.has_several_sources &&
                         renamed_to(view_.decisions.at(key)).empty();
    if (!is_told)
      return walk(ledger_, view_, key, period_.slots,
                  [this](const RowContext& context, Slot slot, const UsageRow& row) {
                    add_row(context, slot, row);
                    return Result<void>(ok());
                  });
    CoverageSum& sum = builder->second.sum;
    sum.add_all(
        {.metered_us = time.metered_us, .estimated_us = time.estimated_us, .off_us = time.off_us});
    const auto set_apart = [&](const RowContext& context, Slot slot, const UsageRow& row) {
      const TimeTotals of_slot = time_of(context, slot, row);
      sum.set_apart({.metered_us = of_slot.metered_us,
                     .estimated_us = of_slot.estimated_us,
                     .off_us = of_slot.off_us});
      return Result<void>(ok());
    };
    for (const SlotRange range : sum.not_due())
      if (range.begin < range.end) {
        MB_TRYV(walk(ledger_, view_, key, range, set_apart));
      }
    return ok();
  }

  /// Who has a cover, even if none of the period: asked for each machine once.
  Result<void> add_epochs(MachineKey key) {
    MB_TRY(const auto epochs, ledger_.epochs(key));
    for (const auto& [epoch, facts] : epochs) {
      if (facts.boot.empty()) continue;
      const MachineKey owner = owner_of(key, facts.boot, view_.decisions.at(key));
      const auto billed = builders_.find(view_.names.machines.at(owner));
      if (billed != builders_.end()) billed->second.has_cover = true;
    }
    return ok();
  }

  std::map<MachineId, MachineNote> finish() {
    std::map<MachineId, MachineNote> result;
    for (auto& [name, builder] : builders_) result.emplace(name, builder.finish());
    return result;
  }

 private:
  LedgerReader& ledger_;
  const View& view_;
  const Period& period_;
  std::map<MachineId, NoteBuilder> builders_;
};

bool Queries::is_whole_months(const Period& period) const {
  // A custom meter without prices has one segment a month: its segments begin where months do.
  const MeterName any{"unpriced_of_all_time"};
  return book_.segment_start(any, period.slots.begin) == period.slots.begin &&
         book_.segment_start(any, period.slots.end) == period.slots.end;
}

Result<Statement> Queries::statement(LedgerReader& ledger, const Period& period,
                                     const std::optional<MachineId>& machine, UtcTime now,
                                     LinesFrom from, std::vector<std::string> warnings) const {
  View view;
  MB_TRYV(open_view(ledger, view));
  if (machine) {
    MB_TRYV(key_of(view, *machine));
  }
  Rating rating(book_);
  Notes notes(ledger, view, period, now, machine);
  const bool from_totals = from == LinesFrom::kTotals && is_whole_months(period);
  std::map<MachineKey, TimeTotals> times;
  if (from_totals) {
    MB_TRY(times, rate_running(ledger, view, period, machine, rating));
  }
  for (const MachineKey key : sources(view, machine)) {
    Totals sums;
    const auto each = [&](const RowContext& context, Slot slot, const UsageRow& row) {
      notes.add_row(context, slot, row);
      return add_billed(context, slot, row, sums);
    };
    MB_TRYV(from_totals ? notes.add_machine(key, times[key])
                        : walk(ledger, view, key, period.slots, each));
    MB_TRYV(rate(view, sums, machine, rating));
    MB_TRYV(notes.add_epochs(key));
  }
  MB_TRY(std::vector<Gap> gaps, ledger.gaps());
  std::erase_if(gaps, [&](const Gap& gap) { return !gap.may_touch(period.slots); });
  const auto machine_notes = notes.finish();
  MB_TRY(Bill bill, rating.finish());
  return make_statement({.period = period,
                         .cut_off = cut_off(view, period, now),
                         .prices_source = source_.name,
                         .prices_digest = source_.digest,
                         .zone = book_.zone().data(),
                         .warnings = std::move(warnings),
                         .gaps = std::move(gaps)},
                        std::move(bill), machine_notes);
}

}  // namespace meterbill
