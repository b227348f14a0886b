// Coverage page by page: of a whole fleet, with the memory of a page.
#include <algorithm>

#include "domain/slot_cover.h"
#include "worker/queries.h"

namespace meterbill {

Result<bool> Queries::has_cover(LedgerReader& ledger, const View& view,
                                const MachineFacts& machine) {
  for (const MachineKey source : sources(view, machine.name)) {
    MB_TRY(const auto epochs, ledger.epochs(source));
    for (const auto& [epoch, facts] : epochs)
      if (!facts.boot.empty() &&
          owner_of(source, facts.boot, view.decisions.at(source)) == machine.key)
        return true;
  }
  return false;
}

Result<void> Queries::walk_cover(LedgerReader& ledger, const View& view,
                                 const MachineFacts& machine, SlotRange range,
                                 const std::function<void(Slot, const Cover&)>& each) {
  const auto from = sources(view, machine.name);
  std::map<Slot, SlotCover> covers;  // a boot renamed to this machine may cover the same slots
  for (const MachineKey source : from) {
    const auto add = [&](const RowContext& context, Slot slot, const UsageRow& row) {
      const auto is_billed = [&](EpochKey epoch) {
        return billed_machine(context, slot, epoch, row.by_epoch.at(epoch)) == machine.key;
      };
      if (from.size() == 1)
        each(slot, slot_cover(row, boot_of(context), is_billed));
      else
        covers[slot].add(row, boot_of(context), is_billed);
      return Result<void>(ok());
    };
    MB_TRYV(walk(ledger, view, source, range, add));
  }
  for (const auto& [slot, cover] : covers) each(slot, cover.finish());
  return ok();
}

Result<std::optional<Slot>> Queries::machine_coverage(LedgerReader& ledger, const View& view,
                                                      const CoverageRequest& request,
                                                      SlotRange range, std::size_t slots_max,
                                                      MachineCoverage& coverage) const {
  MB_TRY(const MachineKey key, key_of(view, coverage.machine));
  const MachineFacts& facts = view.machines.at(key);
  const Expectation due = expectation(view, facts, request.period, request.now);
  const TimeZone& zone = book_.zone();
  // Each row's slots; whole rows only.
  std::vector<std::pair<std::string, CoverageSum>> sums;
  std::map<Slot, std::size_t> begins;  // first slot of a row → its index
  Slot end = range.begin;
  if (!request.by) {
    end = range.end;
    begins.emplace(range.begin, 0);
    sums.emplace_back(request.period.text, CoverageSum(range, due));
  }
  while (end < range.end && sums.size() < request.rows_max &&
         end.since(range.begin) < static_cast<std::int64_t>(slots_max)) {
    const Slot begin = end;
    const UtcTime bucket = bucket_of(*request.by, zone, begin);
    while (end < range.end && bucket_of(*request.by, zone, end) == bucket) end = end.next();
    begins.emplace(begin, sums.size());
    sums.emplace_back(bucket_text(*request.by, zone, bucket), CoverageSum({begin, end}, due));
  }
  const auto add = [&](Slot slot, const Cover& cover) {
    sums[std::prev(begins.upper_bound(slot))->second].second.add(slot, cover);
  };
  MB_TRYV(walk_cover(ledger, view, facts, {range.begin, end}, add));
  for (const auto& [time, sum] : sums) {
    const Coverage row = sum.finish();
    if (row.expected_us() > 0) coverage.rows.push_back({time, row});
  }
  return end < range.end ? std::optional(end) : std::nullopt;
}

Result<CoveragePage> Queries::coverage(LedgerReader& ledger, const CoverageRequest& request) const {
  View view;
  MB_TRYV(open_view(ledger, view));
  if (request.machine) {
    MB_TRYV(key_of(view, *request.machine));
  }
  CoveragePage page{.by = request.by, .period = request.period.text};
  std::size_t slots = 0;
  std::size_t rows = 0;
  const auto& names = view.keys;
  for (auto at = request.from ? names.lower_bound(request.from->machine) : names.begin();
       at != names.end(); ++at) {
    const MachineId& name = at->first;
    if (request.machine && *request.machine != name) continue;
    const MachineFacts& facts = view.machines.at(at->second);
    // Nothing is known or expected of it before its first slot, nor after all there is.
    const SlotRange period = request.period.slots;
    const Slot last = std::max(cut_off(view, request.period, request.now), facts.last_slot.next());
    SlotRange range{std::max(period.begin, facts.first_slot), std::min(period.end, last)};
    const bool is_continued = request.from && request.from->machine == name;
    if (is_continued) range.begin = std::max(range.begin, request.from->slot);
    range.end = std::max(range.end, range.begin);
    if (slots >= request.slots_max || rows >= request.rows_max) {
      page.next = UsageCursor{name, range.begin};
      break;
    }
    MachineCoverage machine{.machine = name};
    MB_TRY(machine.is_known, has_cover(ledger, view, facts));
    std::optional<Slot> next;
    if (machine.is_known && facts.has_slots()) {
      CoverageRequest left = request;
      left.rows_max -= rows;
      MB_TRY(next, machine_coverage(ledger, view, left, range, request.slots_max - slots, machine));
    }
    slots += static_cast<std::size_t>(next.value_or(range.end).since(range.begin)) + 1;
    rows += machine.rows.size() + 1;
    if (!machine.rows.empty() || !machine.is_known) page.machines.push_back(std::move(machine));
    if (next) {
      page.next = UsageCursor{name, *next};
      break;
    }
  }
  return page;
}

}  // namespace meterbill
