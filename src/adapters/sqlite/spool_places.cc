#include "adapters/sqlite/spool_places.h"

#include "base/checked.h"
#include "domain/names.h"

namespace meterbill {
namespace {

const ScopeName kOther{"other"};

Result<MeterTotals> sum(const std::map<ScopeName, MeterTotals>& parts) {
  MeterTotals total;
  for (const auto& [scope, used] : parts)
    for (const auto& [meter, value] : used) {
      MB_TRY(total[meter], add(total[meter], value));
    }
  return total;
}

}  // namespace

Result<std::vector<Reading>> SpoolPlaces::rows_of(const EpochTotals& totals, bool tight,
                                                  FoldedRows& folded) {
  std::vector<Reading> rows;
  std::set<Slot> grown;
  for (const Reading& reading : totals.readings) {
    const ScopeName& scope = reading.scope;
    if (scope == machine_scope() || is_view(scope)) {
      rows.push_back(reading);
      continue;
    }
    Parts& parts = slots_[{totals.epoch.id, reading.slot}];
    const bool is_new = !parts.own.contains(scope) && !parts.in_other.contains(scope);
    if (scope == kOther || parts.in_other.contains(scope) || (is_new && tight)) {
      if (is_new && scope != kOther) folded.add(reading.slot.unix_seconds(), 1);
      parts.in_other[scope] = reading.used;
      grown.insert(reading.slot);
    } else {
      parts.own.insert(scope);
      rows.push_back(reading);
    }
  }
  for (const Slot slot : grown) {
    Reading& other = rows.emplace_back();
    other.slot = slot;
    other.scope = kOther;
    MB_TRY(other.used, sum(slots_[{totals.epoch.id, slot}].in_other));
  }
  return rows;
}

void SpoolPlaces::forget_final(const EpochId& running, Slot current) {
  std::erase_if(slots_, [&](const auto& entry) {
    return entry.first.first != running || entry.first.second < current;
  });
}

}  // namespace meterbill
