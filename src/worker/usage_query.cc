// Usage page by page: of a whole fleet, with the memory of one page.
#include <algorithm>

#include "base/printable.h"
#include "report/text_table.h"
#include "worker/queries.h"

namespace meterbill {
namespace {

template <class Names, class Text>
std::size_t widest(const Names& names, Text text) {
  std::size_t widest = 0;
  for (const auto& [key, name] : names)
    widest = std::max(widest, columns_of(printable(text(name))));
  return widest;
}

}  // namespace

Result<std::optional<Slot>> Queries::machine_usage(LedgerReader& ledger, const View& view,
                                                   const UsageRequest& request, SlotRange range,
                                                   std::size_t rows_max,
                                                   MachineUsage& usage) const {
  MB_TRY(const MachineKey key, key_of(view, usage.machine));
  UsageTable table(request.by, book_.zone());
  Slot end = range.end;
  for (const MachineKey source : sources(view, usage.machine)) {
    const std::size_t before = table.size();
    std::optional<Slot> newest;
    bool is_full = false;
    const auto each = [&](const RowContext& context, Slot slot,
                          const UsageRow& row) -> Result<void> {
      if (newest && table.size() - before >= rows_max && table.first_of(slot) > *newest) {
        is_full = true;
        end = std::max(table.first_of(slot), range.begin);
        return fail(Code::kUnavailable, "the page is full");  // ends the walk
      }
      newest = slot;
      MB_TRY(const Totals totals, shown_usage(context, slot, row));
      for (const auto& [total, quantity] : totals) {
        if (total.machine != key) continue;
        const std::string labels = labels_text(view.names, total.labels);
        MB_TRYV(in(usage.machine.str(), table.add(view.scope_name(total.scope), labels, slot,
                                                  view.meter_name(total.meter), quantity)));
      }
      const auto steps = clock_steps_of(key, context, slot, row);
      usage.clock_steps.insert(usage.clock_steps.end(), steps.begin(), steps.end());
      return ok();
    };
    const auto walked = walk(ledger, view, source, {range.begin, end}, each);
    if (!walked && !is_full) return walked.error();
  }
  // A boot renamed to this machine may have been walked past the slot where another was cut.
  if (end < range.end) table.drop_from(end);
  std::erase_if(usage.clock_steps, [end](const ClockStep& step) { return step.slot >= end; });
  std::ranges::stable_sort(usage.clock_steps, {}, &ClockStep::slot);
  usage.rows = table.rows();
  return end < range.end ? std::optional(end) : std::nullopt;
}

Result<UsagePage> Queries::usage(LedgerReader& ledger, const UsageRequest& request) const {
  View view;
  MB_TRYV(open_view(ledger, view));
  if (request.machine) {
    MB_TRYV(key_of(view, *request.machine));
  }
  const auto as_is = [](const auto& name) -> const std::string& { return name.str(); };
  const auto text_of = [](const Labels& labels) { return to_text(labels); };
  UsagePage page{.by = request.by,
                 .period = request.period.text,
                 .widths = {.scope = widest(view.names.scopes, as_is),
                            .labels = widest(view.names.label_sets, text_of),
                            .meter = widest(view.names.meters, as_is)},
                 .machines = {},
                 .next = std::nullopt};
  std::size_t rows = 0;
  const auto& names = view.keys;
  for (auto at = request.from ? names.lower_bound(request.from->machine) : names.begin();
       at != names.end(); ++at) {
    const MachineId& name = at->first;
    if (request.machine && *request.machine != name) continue;
    SlotRange range = request.period.slots;
    if (request.from && request.from->machine == name)
      range.begin = std::clamp(request.from->slot, range.begin, range.end);
    if (rows >= request.rows_max) {
      page.next = UsageCursor{name, range.begin};
      break;
    }
    MachineUsage usage{.machine = name, .rows = {}, .clock_steps = {}};
    MB_TRY(const auto next,
           machine_usage(ledger, view, request, range, request.rows_max - rows, usage));
    rows += usage.rows.size();
    if (!usage.rows.empty() || !usage.clock_steps.empty())
      page.machines.push_back(std::move(usage));
    if (next) {
      page.next = UsageCursor{name, *next};
      break;
    }
  }
  return page;
}

}  // namespace meterbill
