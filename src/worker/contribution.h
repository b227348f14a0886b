#pragma once

#include <functional>
#include <map>
#include <optional>

#include "ports/ledger_store.h"
#include "worker/time_totals.h"

namespace meterbill {

/// The first slot of the price segment that a slot of a meter lies in; from the price book.
using SegmentOf = std::function<Slot(const MeterName&, Slot)>;

/// Every slot that a row can be of.
inline constexpr SlotRange kAllSlots{Slot{}, Slot{}.plus(std::int64_t{1} << 40)};

/// What one machine's rows need to be turned into totals. Borrowed: lives for one computation.
struct RowContext {
  MachineKey machine;
  const std::map<EpochKey, EpochFacts>& epochs;
  const Holds& holds;
  const Decisions& decisions;
  const std::function<const ScopeName&(ScopeKey)>& scope_name;
  const std::function<const MeterName&(MeterKey)>& meter_name;
  const std::function<Slot(MeterKey, Slot)>& segment_of;
  const std::map<std::string, MeterKey>&
      meters;  ///< keys of `cpu`, `cpu_capacity`, `uptime` as far as interned
  ScopeKey machine_scope;
  TimeMeters time = {};  ///< none: time is not asked for
};

/// The boots of its epochs, as the rules of `domain` ask for them. Lives as long as `context`.
[[nodiscard]] BootOf boot_of(const RowContext& context);

/// What a row adds to the running totals: each billed epoch's quantities, views left out, held and
/// discarded ones not counted, and the time that the machine's own epochs cover. A pure function of
/// row, holds and decisions, so totals can always be rebuilt from rows.
[[nodiscard]] Result<Totals> contribution(const RowContext& context, Slot slot,
                                          const UsageRow& row);

/// The same without the time, added to `into`; after an error that is not to be used any more.
[[nodiscard]] Result<void> add_billed(const RowContext& context, Slot slot, const UsageRow& row,
                                      Totals& into);

/// The same with views: what is shown as usage.
[[nodiscard]] Result<Totals> shown_usage(const RowContext& context, Slot slot, const UsageRow& row);

/// What becomes of an epoch in that slot, the parts rule included.
[[nodiscard]] Standing standing_in_row(const RowContext& context, Slot slot, EpochKey epoch,
                                       const EpochUsage& usage);

/// The machine that usage of a boot of `machine` is billed to, if it is billed: itself, or the one
/// the boot was renamed to.
[[nodiscard]] MachineKey owner_of(MachineKey machine, const BootId& boot,
                                  const Decisions& decisions);

/// The machine that an epoch's usage in that slot is billed to: its own, or the one its boot was
/// renamed to; none when it is held or discarded.
[[nodiscard]] std::optional<MachineKey> billed_machine(const RowContext& context, Slot slot,
                                                       EpochKey epoch, const EpochUsage& usage);

/// What a row adds to the totals of its own machine's time.
[[nodiscard]] TimeTotals time_of(const RowContext& context, Slot slot, const UsageRow& row);

/// into += sign * from; sign is 1 or -1.
[[nodiscard]] Result<void> add_totals(Totals& into, const Totals& from, int sign);

}  // namespace meterbill
