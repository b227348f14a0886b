#include <fmt/format.h>

#include "adapters/sqlite/sqlite_ledger_columns.h"
#include "adapters/sqlite/sqlite_ledger_queries.h"

namespace meterbill::ledger_queries {
namespace {

Result<void> load_epoch(LedgerConnection& ledger, EpochKey key, Loaded& loaded) {
  if (loaded.epochs.contains(key)) return ok();
  MB_TRY(auto query, ledger.query("SELECT epoch, machine, name, boot, label_set, last_seen_us, "
                                  "percent_us, cpu_usage_percent, memory_usage_percent FROM epoch "
                                  "WHERE epoch=?1"));
  query->bind(1, key.value);
  MB_TRY(const bool found, query->step());
  if (!found)
    return fail(Code::kDamaged, fmt::format("a usage row has the unknown epoch {}", key.value));
  loaded.epochs.emplace(key, epoch_at(query));
  return ok();
}

Result<void> load_rows(LedgerConnection& ledger, std::span<const RowKey> keys, Loaded& loaded) {
  MB_TRY(auto query, ledger.query("SELECT packed FROM usage_row WHERE machine=?1 AND slot=?2"));
  for (const RowKey& key : keys) {
    query->bind(1, key.machine.value).bind(2, key.slot.unix_seconds());
    MB_TRY(const bool found, query->step());
    if (!found) continue;
    MB_TRY(UsageRow row, row_at(ledger, key, query->blob(0)));
    for (const auto& [epoch, usage] : row.by_epoch) {
      MB_TRYV(load_epoch(ledger, epoch, loaded));
    }
    loaded.rows.insert_or_assign(loaded.rows.end(), key, std::move(row));
    query->reset();
  }
  return ok();
}

Result<void> load_totals(LedgerConnection& ledger, std::span<const TotalKey> keys, Loaded& loaded) {
  MachineKey machine;
  FlatMap<Slot, SegmentTotals> segments;  // of `machine`
  for (const TotalKey& key : keys) {
    if (key.machine != machine) segments.clear();
    machine = key.machine;
    MB_TRY(const SegmentTotals* segment, segment_in(segments, ledger, machine, key.segment));
    const auto found = segment->find({key.scope, key.labels, key.meter});
    if (found != segment->end()) loaded.totals.insert_or_assign(key, found->second);
  }
  return ok();
}

}  // namespace

Result<Loaded> load(LedgerConnection& ledger, std::span<const RowKey> rows,
                    std::span<const std::pair<MachineKey, EpochId>> epochs,
                    std::span<const TotalKey> totals) {
  MB_TRYV(ledger.usable());
  MB_TRY(const auto snapshot, LedgerSnapshot::begin(ledger.db()));
  Loaded loaded;
  MB_TRY(auto query, ledger.query("SELECT epoch, machine, name, boot, label_set, last_seen_us, "
                                  "percent_us, cpu_usage_percent, memory_usage_percent FROM epoch "
                                  "WHERE machine=?1 AND name=?2"));
  for (const auto& wanted : epochs) {
    query->bind(1, wanted.first.value).bind(2, wanted.second.str());
    MB_TRY(const bool found, query->step());
    if (!found) continue;
    loaded.epochs.insert_or_assign(EpochKey{query->integer(0)}, epoch_at(query));
    query->reset();
  }
  // Most epochs of the rows are known by now.
  MB_TRYV(load_rows(ledger, rows, loaded));
  MB_TRYV(load_totals(ledger, totals, loaded));
  return loaded;
}

Result<std::vector<EventKey>> known_events(LedgerConnection& ledger,
                                           std::span<const EventKey> keys) {
  MB_TRYV(ledger.usable());
  MB_TRY(const auto snapshot, LedgerSnapshot::begin(ledger.db()));
  MB_TRY(auto query, ledger.query("SELECT 1 FROM event_id WHERE source=?1 AND id=?2"));
  std::vector<EventKey> known;
  for (const EventKey& key : keys) {
    query->bind(1, key.source).bind(2, key.id);
    MB_TRY(const bool found, query->step());
    query->reset();
    if (found) known.push_back(key);
  }
  return known;
}

}  // namespace meterbill::ledger_queries
