#include "adapters/sqlite/sqlite_ledger_columns.h"

#include <fmt/format.h>

#include "wire/row_codec.h"

namespace meterbill::ledger_queries {
namespace {

Result<std::string> name_of(LedgerConnection& ledger, MachineKey machine) {
  MB_TRY(auto query, ledger.query("SELECT name FROM machine WHERE machine=?1"));
  query->bind(1, machine.value);
  MB_TRY(const bool found, query->step());
  return found ? std::string(query->text(0)) : fmt::format("number {}", machine.value);
}

/// The failure to read something that a machine has of a slot, which is named.
template <class Value>
Result<Value> of_machine(Result<Value> unpacked, const char* what, LedgerConnection& ledger,
                         MachineKey machine, Slot slot) {
  if (unpacked) return unpacked;
  MB_TRY(const std::string name, name_of(ledger, machine));
  return in(fmt::format("{} of machine {}, slot {}", what, name, to_string(slot)),
            std::move(unpacked));
}

}  // namespace

Result<Slot> slot_at(LedgerQuery& query, int column) {
  auto slot = Slot::from_unix_seconds(query->integer(column));
  if (!slot) return fail(Code::kDamaged, "a stored slot is not on a quarter hour");
  return slot;
}

std::optional<UtcTime> time_at(LedgerQuery& query, int column) {
  if (query->is_null(column)) return std::nullopt;
  return UtcTime{query->integer(column)};
}

Sighting sighting_at(LedgerQuery& query, int column) {
  return {.at = {query->integer(column)},
          .percent_at = {query->integer(column + 1)},
          .cpu_usage_percent = std::string(query->text(column + 2)),
          .memory_usage_percent = std::string(query->text(column + 3))};
}

void bind_sighting(LedgerQuery& query, int parameter, const Sighting& seen) {
  query->bind(parameter, seen.at.us).bind(parameter + 1, seen.percent_at.us);
  query->bind(parameter + 2, seen.cpu_usage_percent).bind(parameter + 3, seen.memory_usage_percent);
}

EpochFacts epoch_at(LedgerQuery& query) {
  return {.machine = {query->integer(1)},
          .epoch = EpochId(std::string(query->text(2))),
          .boot = BootId(std::string(query->text(3))),
          .labels = {query->integer(4)},
          .seen = sighting_at(query, 5)};
}

Result<UsageRow> row_at(LedgerConnection& ledger, RowKey key, std::string_view packed) {
  return of_machine(unpack(packed), "usage row", ledger, key.machine, key.slot);
}

Result<SegmentTotals> totals_at(LedgerConnection& ledger, MachineKey machine, Slot segment,
                                std::string_view packed) {
  return of_machine(unpack_totals(packed), "totals", ledger, machine, segment);
}

Result<SegmentTotals*> segment_in(FlatMap<Slot, SegmentTotals>& segments, LedgerConnection& ledger,
                                  MachineKey machine, Slot segment) {
  const auto [entry, is_new] = segments.try_emplace(segment);
  if (!is_new) return &entry->second;
  MB_TRY(auto query, ledger.query("SELECT packed FROM total WHERE machine=?1 AND segment=?2"));
  query->bind(1, machine.value).bind(2, segment.unix_seconds());
  MB_TRY(const bool found, query->step());
  if (found) {
    MB_TRY(entry->second, totals_at(ledger, machine, segment, query->blob(0)));
  }
  return &entry->second;
}

}  // namespace meterbill::ledger_queries
