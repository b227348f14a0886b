#include "worker/contribution.h"

#include <set>

#include "base/assert.h"
#include "domain/clock_step.h"
#include "domain/slot_cover.h"

namespace meterbill {
namespace {

const EpochFacts& facts_of(const RowContext& context, EpochKey epoch) {
  const auto found = context.epochs.find(epoch);
  MB_ASSERT(found != context.epochs.end());  // the store loads the epochs of every row it gives
  return found->second;
}

MeterKey meter_key(const RowContext& context, const char* name) {
  const auto found = context.meters.find(name);
  return found == context.meters.end() ? MeterKey{} : found->second;
}

enum class Views { kLeftOut, kShown };

Result<void> add_epoch(const RowContext& context, Slot slot, const EpochFacts& facts,
                       MachineKey billed, const EpochUsage& usage, Views views, Totals& totals) {
  for (const auto& [scope, scope_usage] : usage.by_scope) {
    if (views == Views::kLeftOut && is_view(context.scope_name(scope))) continue;
    for (const auto& [meter, quantity] : scope_usage.used) {
      const Slot segment = context.segment_of(meter, slot);
      Int128& total = totals[TotalKey{billed, scope, facts.labels, meter, segment}];
      MB_TRY(total, add(total, Int128{quantity}));
    }
  }
  return ok();
}

Result<void> add_row(const RowContext& context, Slot slot, const UsageRow& row, Views views,
                     Totals& totals) {
  for (const auto& [epoch, usage] : row.by_epoch) {
    const auto billed = billed_machine(context, slot, epoch, usage);
    if (!billed) continue;
    MB_TRYV(add_epoch(context, slot, facts_of(context, epoch), *billed, usage, views, totals));
  }
  return ok();
}

}  // namespace

BootOf boot_of(const RowContext& context) {
  return [&context](EpochKey key) -> const BootId& { return facts_of(context, key).boot; };
}

Standing standing_in_row(const RowContext& context, Slot slot, EpochKey epoch,
                         const EpochUsage& usage) {
  const Standing by_hold =
      standing(epoch, slot, boot_of(context), context.holds, context.decisions);
  if (by_hold == Standing::kHeld || by_hold == Standing::kDiscarded) return by_hold;
  if (is_vouched_for(facts_of(context, epoch).boot, context.decisions)) return by_hold;
  const bool exceed =
      parts_exceed(usage, context.machine_scope, meter_key(context, "cpu"),
                   meter_key(context, "cpu_capacity"), meter_key(context, "uptime"),
                   [&](ScopeKey scope) { return is_view(context.scope_name(scope)); });
  return exceed ? Standing::kHeld : by_hold;
}

MachineKey owner_of(MachineKey machine, const BootId& boot, const Decisions& decisions) {
  const auto decided = decisions.find(boot);
  const bool renamed =
      !boot.empty() && decided != decisions.end() && decided->second.decision == Decision::kRename;
  return renamed ? decided->second.renamed_to : machine;
}

std::optional<MachineKey> billed_machine(const RowContext& context, Slot slot, EpochKey epoch,
                                         const EpochUsage& usage) {
  const Standing standing = standing_in_row(context, slot, epoch, usage);
  if (standing == Standing::kHeld || standing == Standing::kDiscarded) return std::nullopt;
  return owner_of(context.machine, facts_of(context, epoch).boot, context.decisions);
}

TimeTotals time_of(const RowContext& context, Slot slot, const UsageRow& row) {
  TimeTotals time;
  std::set<EpochKey> billed;
  for (const auto& [epoch, usage] : row.by_epoch) {
    const BootId& boot = facts_of(context, epoch).boot;
    if (boot.empty()) continue;
    const Standing standing = standing_in_row(context, slot, epoch, usage);
    if (standing == Standing::kHeld || standing == Standing::kDiscarded)
      time.special = 1;
    else if (owner_of(context.machine, boot, context.decisions) == context.machine)
      billed.insert(epoch);
  }
  const auto is_billed = [&](EpochKey epoch) { return billed.contains(epoch); };
  if (!clock_steps(slot, row, boot_of(context), is_billed).empty()) time.special = 1;
  const Cover cover = slot_cover(row, boot_of(context), is_billed);
  time.metered_us = cover.metered_us;
  time.estimated_us = cover.estimated_us;
  time.off_us = cover.off_us;
  return time;
}

Result<Totals> contribution(const RowContext& context, Slot slot, const UsageRow& row) {
  Totals totals;
  MB_TRYV(add_row(context, slot, row, Views::kLeftOut, totals));
  if (context.time.metered == MeterKey{}) return totals;
  const TimeTotals time = time_of(context, slot, row);
  for (const auto& [name, meter, quantity] : kTimeMeters) {
    const MeterKey key = context.time.*meter;
    if (time.*quantity != 0)
      totals[TotalKey{context.machine, context.machine_scope, LabelSetKey{}, key,
                      context.segment_of(key, slot)}] = time.*quantity;
  }
  return totals;
}

Result<void> add_billed(const RowContext& context, Slot slot, const UsageRow& row, Totals& into) {
  return add_row(context, slot, row, Views::kLeftOut, into);
}

Result<Totals> shown_usage(const RowContext& context, Slot slot, const UsageRow& row) {
  Totals totals;
  MB_TRYV(add_row(context, slot, row, Views::kShown, totals));
  return totals;
}

Result<void> add_totals(Totals& into, const Totals& from, int sign) {
  MB_ASSERT(sign == 1 || sign == -1);
  for (const auto& [key, quantity] : from) {
    Int128& total = into[key];
    MB_TRY(total, add(total, sign * quantity));
  }
  return ok();
}

}  // namespace meterbill
