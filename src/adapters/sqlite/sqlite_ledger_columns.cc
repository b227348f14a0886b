#include "adapters/sqlite/sqlite_ledger_columns.h"

#include <fmt/format.h>

#include "wire/row_codec.h"

namespace meterbill::ledger_queries {

Result<Slot> slot_at(LedgerQuery& query, int column) {
  auto slot = Slot::from_unix_seconds(query->integer(column));
  if (!slot) return fail(Code::kDamaged, "a stored slot is not on a quarter hour");
  return slot;
}

std::optional<UtcTime> time_at(LedgerQuery& query, int column) {
  if (query->is_null(column)) return std::nullopt;
  return UtcTime{query->integer(column)};
}

Result<Int128> quantity_at(LedgerQuery& query, int column) {
  auto quantity = parse_decimal(query->text(column), 0);
  if (!quantity) return fail(Code::kDamaged, "a stored total is not a number");
  return quantity;
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
  auto row = unpack(packed);
  if (row) return row;
  std::string name = fmt::format("number {}", key.machine.value);
  MB_TRY(auto query, ledger.query("SELECT name FROM machine WHERE machine=?1"));
  query->bind(1, key.machine.value);
  MB_TRY(const bool found, query->step());
  if (found) name = query->text(0);
  return std::move(row).error().in(
      fmt::format("usage row of machine {}, slot {}", name, to_string(key.slot)));
}

}  // namespace meterbill::ledger_queries
