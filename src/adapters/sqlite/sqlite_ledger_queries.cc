#include "adapters/sqlite/sqlite_ledger_queries.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "adapters/sqlite/sqlite_ledger_codec.h"
#include "adapters/sqlite/sqlite_ledger_columns.h"

namespace meterbill::ledger_queries {
namespace {

/// Reads a table of numbers and names.
template <class Key, class Name>
Result<std::map<Key, Name>> names(LedgerConnection& ledger, std::string_view sql) {
  MB_TRY(auto query, ledger.query(sql));
  std::map<Key, Name> found;
  for (;;) {
    MB_TRY(const bool more, query->step());
    if (!more) return found;
    found.emplace(Key{query->integer(0)}, Name(std::string(query->text(1))));
  }
}

Result<std::map<LabelSetKey, Labels>> label_sets(LedgerConnection& ledger) {
  MB_TRY(auto query, ledger.query("SELECT label_set, labels FROM label_set"));
  std::map<LabelSetKey, Labels> found;
  for (;;) {
    MB_TRY(const bool more, query->step());
    if (!more) return found;
    MB_TRY(Labels labels, in("label set", labels_from_text(query->text(1))));
    found.emplace(LabelSetKey{query->integer(0)}, std::move(labels));
  }
}

PartitionPosition position_without_anchor(LedgerQuery& query) {
  return {.partition = static_cast<std::int32_t>(query->integer(1)),
          .incarnation = query->integer(2),
          .next_offset = query->integer(3),
          .anchor = std::nullopt,
          .replay_until = query->integer(6)};
}

Result<PartitionPosition> position_at(LedgerQuery& query) {
  PartitionPosition position = position_without_anchor(query);
  if (query->is_null(4)) return position;
  MB_TRY(const Sha256 digest, to_sha256(query->blob(5)));
  position.anchor = Anchor{.offset = query->integer(4), .digest = digest};
  if (!query->is_null(7)) position.anchor->recorded = UtcTime{query->integer(7)};
  return position;
}

constexpr std::string_view kPositions =
    "SELECT source, partition, incarnation, next_offset, anchor_offset, anchor_digest, "
    "replay_until, anchor_recorded_us FROM position WHERE source=?1 ORDER BY partition";

EvidenceBatch evidence_batch_at(LedgerQuery& query) {
  return {.batch = query->integer(0), .at = {query->integer(1)}, .raw_bytes = query->integer(2)};
}

/// Those of a program that did not note what a batch touched: all are before the first that is.
Result<std::vector<EvidenceBatch>> batches_before_notes(LedgerConnection& ledger, std::int64_t from,
                                                        std::size_t limit) {
  MB_TRY(auto query, ledger.query("SELECT batch, at_us, raw_bytes FROM evidence WHERE batch>=?1 "
                                  "AND batch<ifnull((SELECT min(batch) FROM evidence_touched), "
                                  "batch+1) ORDER BY batch LIMIT ?2"));
  query->bind(1, from).bind(2, static_cast<std::int64_t>(limit));
  std::vector<EvidenceBatch> found;
  for (;;) {
    MB_TRY(const bool more, query->step());
    if (!more) return found;
    found.push_back(evidence_batch_at(query));
  }
}

class HeldSnapshot final : public ReadSnapshot {
 public:
  explicit HeldSnapshot(LedgerSnapshot snapshot) : snapshot_(std::move(snapshot)) {}

 private:
  LedgerSnapshot snapshot_;
};

}  // namespace

Result<std::unique_ptr<ReadSnapshot>> snapshot(LedgerConnection& ledger) {
  MB_TRYV(ledger.usable());
  MB_TRY(auto snapshot, LedgerSnapshot::begin(ledger.db()));
  // Which commit it is of is decided by the first read, not by the BEGIN.
  MB_TRYV(ledger.db().integer("SELECT commits FROM meta"));
  return std::unique_ptr<ReadSnapshot>(std::make_unique<HeldSnapshot>(std::move(snapshot)));
}

Result<LedgerFacts> facts(LedgerConnection& ledger) {
  MB_TRYV(ledger.usable());
  MB_TRY(const auto snapshot, LedgerSnapshot::begin(ledger.db()));
  MB_TRY(auto meta, ledger.query("SELECT commits, quarantine_bytes, quarantine_not_kept, "
                                 "evidence_bytes, segments_digest, ids_forgotten_before_us, "
                                 "last_backup_us, evidence_forgotten_us FROM meta"));
  MB_TRY(const bool found, meta->step());
  if (!found) return fail(Code::kDamaged, "the ledger's meta row is missing");
  LedgerFacts facts;
  facts.commits = meta->integer(0);
  facts.quarantine_bytes = meta->integer(1);
  facts.quarantine_not_kept = meta->integer(2);
  facts.evidence_bytes = meta->integer(3);
  facts.segments_digest = meta->text(4);
  facts.ids_forgotten_before = time_at(meta, 5);
  facts.last_backup = time_at(meta, 6);
  facts.evidence_forgotten = time_at(meta, 7);
  MB_TRY(facts.greatest_epoch, ledger.db().integer("SELECT ifnull(max(epoch), 0) FROM epoch"));
  MB_TRY(facts.schema_version, ledger.db().integer("PRAGMA user_version"));
  MB_TRY(const std::int64_t pages, ledger.db().integer("PRAGMA page_count"));
  MB_TRY(const std::int64_t page_bytes, ledger.db().integer("PRAGMA page_size"));
  facts.bytes = pages * page_bytes;
  return facts;
}

Result<Dictionary> dictionary(LedgerConnection& ledger) {
  MB_TRYV(ledger.usable());
  MB_TRY(const auto snapshot, LedgerSnapshot::begin(ledger.db()));
  Dictionary found;
  MB_TRY(found.machines,
         (names<MachineKey, MachineId>(ledger, "SELECT machine, name FROM machine")));
  MB_TRY(found.scopes, (names<ScopeKey, ScopeName>(ledger, "SELECT scope, name FROM scope")));
  MB_TRY(found.meters, (names<MeterKey, MeterName>(ledger, "SELECT meter, name FROM meter")));
  MB_TRY(found.label_sets, label_sets(ledger));
  return found;
}

Result<std::map<MachineKey, MachineFacts>> machines(LedgerConnection& ledger) {
  MB_TRYV(ledger.usable());
  MB_TRY(auto query,
         ledger.query("SELECT machine, name, first_slot, last_slot, retired_us, last_seen_us, "
                      "percent_us, cpu_usage_percent, memory_usage_percent FROM machine_facts "
                      "JOIN machine USING (machine) WHERE first_slot<=last_slot OR EXISTS "
                      "(SELECT 1 FROM epoch WHERE epoch.machine=machine_facts.machine)"));
  std::map<MachineKey, MachineFacts> found;
  for (;;) {
    MB_TRY(const bool more, query->step());
    if (!more) return found;
    MB_TRY(const Slot first, slot_at(query, 2));
    MB_TRY(const Slot last, slot_at(query, 3));
    const MachineKey key{query->integer(0)};
    found.emplace(key, MachineFacts{.key = key,
                                    .name = MachineId(std::string(query->text(1))),
                                    .first_slot = first,
                                    .last_slot = last,
                                    .seen = sighting_at(query, 5),
                                    .retired = time_at(query, 4)});
  }
}

Result<std::vector<RetiredMachine>> retired_seen(LedgerConnection& ledger, UtcTime since) {
  MB_TRYV(ledger.usable());
  MB_TRY(auto query,
         ledger.query("SELECT name, retired_us, last_seen_us FROM machine_facts JOIN machine "
                      "USING (machine) WHERE last_seen_us>=?1 AND retired_us IS NOT NULL"));
  query->bind(1, since.us);
  std::vector<RetiredMachine> found;
  for (;;) {
    MB_TRY(const bool more, query->step());
    if (!more) return found;
    found.push_back({.name = MachineId(std::string(query->text(0))),
                     .retired = UtcTime{query->integer(1)},
                     .seen = UtcTime{query->integer(2)}});
  }
}

Result<std::vector<MachineId>> silent(LedgerConnection& ledger, UtcTime before) {
  MB_TRYV(ledger.usable());
  MB_TRY(auto query, ledger.query("SELECT name FROM machine_facts JOIN machine USING (machine) "
                                  "WHERE last_seen_us<?1 AND retired_us IS NULL AND "
                                  "first_slot<=last_slot"));
  query->bind(1, before.us);
  std::vector<MachineId> names;
  for (;;) {
    MB_TRY(const bool more, query->step());
    if (!more) return names;
    names.emplace_back(std::string(query->text(0)));
  }
}

Result<std::map<EpochKey, EpochFacts>> epochs(LedgerConnection& ledger, MachineKey machine) {
  MB_TRYV(ledger.usable());
  MB_TRY(auto query, ledger.query("SELECT epoch, machine, name, boot, label_set, last_seen_us, "
                                  "percent_us, cpu_usage_percent, memory_usage_percent FROM epoch "
                                  "WHERE machine=?1"));
  query->bind(1, machine.value);
  std::map<EpochKey, EpochFacts> found;
  for (;;) {
    MB_TRY(const bool more, query->step());
    if (!more) return found;
    found.emplace(EpochKey{query->integer(0)}, epoch_at(query));
  }
}

/// From two columns: from where bound, and from where discarded (NULL: nowhere).
Result<Hold> hold_at(LedgerQuery& query, int column) {
  Hold hold;
  MB_TRY(hold.from, slot_at(query, column));
  if (query->is_null(column + 1)) return hold;
  MB_TRY(hold.discarded, slot_at(query, column + 1));
  return hold;
}

Result<Holds> holds(LedgerConnection& ledger, MachineKey machine) {
  MB_TRYV(ledger.usable());
  MB_TRY(auto query,
         ledger.query("SELECT epoch, from_slot, discarded_from FROM hold WHERE machine=?1"));
  query->bind(1, machine.value);
  Holds found;
  for (;;) {
    MB_TRY(const bool more, query->step());
    if (!more) return found;
    MB_TRY(const Hold hold, hold_at(query, 1));
    found.emplace(EpochKey{query->integer(0)}, hold);
  }
}

Result<std::map<MachineKey, Holds>> all_holds(LedgerConnection& ledger) {
  MB_TRYV(ledger.usable());
  MB_TRY(auto query, ledger.query("SELECT machine, epoch, from_slot, discarded_from FROM hold"));
  std::map<MachineKey, Holds> found;
  for (;;) {
    MB_TRY(const bool more, query->step());
    if (!more) return found;
    MB_TRY(const Hold hold, hold_at(query, 2));
    found[{query->integer(0)}].emplace(EpochKey{query->integer(1)}, hold);
  }
}

Result<Decisions> decisions(LedgerConnection& ledger, MachineKey machine) {
  MB_TRYV(ledger.usable());
  MB_TRY(auto query,
         ledger.query("SELECT boot, decision, renamed_to FROM decision WHERE machine=?1"));
  query->bind(1, machine.value);
  Decisions found;
  for (;;) {
    MB_TRY(const bool more, query->step());
    if (!more) return found;
    const auto decision = parse_decision(query->text(1));
    if (!decision)
      return fail(Code::kDamaged, fmt::format("unknown decision '{}'", query->text(1)));
    found.emplace(BootId(std::string(query->text(0))),
                  BootDecision{.decision = *decision, .renamed_to = {query->integer(2)}});
  }
}

Result<void> rows(LedgerConnection& ledger, MachineKey machine, SlotRange range,
                  const std::function<Result<void>(Slot, const UsageRow&)>& each) {
  MB_TRYV(ledger.usable());
  MB_TRY(const auto snapshot, LedgerSnapshot::begin(ledger.db()));
  // Its own statement: `each` may walk another machine's rows.
  MB_TRY(SqliteStatement statement,
         ledger.db().prepare("SELECT slot, packed FROM usage_row WHERE machine=?1 AND slot>=?2 "
                             "AND slot<?3 ORDER BY slot"));
  LedgerQuery query(statement);
  query->bind(1, machine.value);
  query->bind(2, range.begin.unix_seconds()).bind(3, range.end.unix_seconds());
  for (;;) {
    MB_TRY(const bool more, query->step());
    if (!more) return ok();
    MB_TRY(const Slot slot, slot_at(query, 0));
    MB_TRY(const UsageRow row, row_at(ledger, {machine, slot}, query->blob(1)));
    MB_TRYV(each(slot, row));
  }
}

Result<Totals> totals(LedgerConnection& ledger, MachineKey machine) {
  MB_TRYV(ledger.usable());
  MB_TRY(auto query, ledger.query("SELECT segment, packed FROM total WHERE machine=?1"));
  query->bind(1, machine.value);
  Totals found;
  for (;;) {
    MB_TRY(const bool more, query->step());
    if (!more) return found;
    MB_TRY(const Slot segment, slot_at(query, 0));
    MB_TRY(const SegmentTotals stored, totals_at(ledger, machine, segment, query->blob(1)));
    for (const auto& [place, quantity] : stored)
      found.emplace(TotalKey{machine, place.scope, place.labels, place.meter, segment}, quantity);
  }
}

Result<std::map<std::string, Counts>> counts(LedgerConnection& ledger) {
  MB_TRYV(ledger.usable());
  MB_TRY(auto query, ledger.query("SELECT source, applied, repeated, quarantined FROM source"));
  std::map<std::string, Counts> found;
  for (;;) {
    MB_TRY(const bool more, query->step());
    if (!more) return found;
    found.emplace(std::string(query->text(0)), Counts{.applied = query->integer(1),
                                                      .repeated = query->integer(2),
                                                      .quarantined = query->integer(3)});
  }
}

Result<std::vector<PartitionPosition>> positions_of(LedgerConnection& ledger,
                                                    const std::string& source) {
  MB_TRYV(ledger.usable());
  MB_TRY(auto query, ledger.query(kPositions));
  query->bind(1, source);
  std::vector<PartitionPosition> found;
  for (;;) {
    MB_TRY(const bool more, query->step());
    if (!more) return found;
    MB_TRY(const PartitionPosition position, position_at(query));
    found.push_back(position);
  }
}

Result<std::map<std::string, std::vector<PartitionPosition>>> positions(LedgerConnection& ledger) {
  MB_TRYV(ledger.usable());
  MB_TRY(const auto snapshot, LedgerSnapshot::begin(ledger.db()));
  MB_TRY(const auto sources, counts(ledger));
  std::map<std::string, std::vector<PartitionPosition>> found;
  for (const auto& [source, ignored] : sources) {
    MB_TRY(found[source], positions_of(ledger, source));
  }
  return found;
}

Result<std::vector<Gap>> gaps(LedgerConnection& ledger) {
  MB_TRYV(ledger.usable());
  MB_TRY(auto query, ledger.query("SELECT source, partition, incarnation, from_offset, to_offset, "
                                  "detected_us, after_us FROM gap "
                                  "ORDER BY source, partition, incarnation, from_offset"));
  std::vector<Gap> found;
  for (;;) {
    MB_TRY(const bool more, query->step());
    if (!more) return found;
    Gap& gap = found.emplace_back(Gap{.source = std::string(query->text(0)),
                                      .partition = static_cast<std::int32_t>(query->integer(1)),
                                      .incarnation = query->integer(2),
                                      .from = query->integer(3),
                                      .to = query->integer(4),
                                      .detected = {query->integer(5)}});
    if (!query->is_null(6)) gap.after = UtcTime{query->integer(6)};
  }
}

Result<std::vector<RecentSample>> recent(LedgerConnection& ledger, std::size_t limit) {
  MB_TRYV(ledger.usable());
  MB_TRY(auto query, ledger.query("SELECT machine, at_us, cpu_usage, memory_usage, is_sample "
                                  "FROM recent ORDER BY id DESC LIMIT ?1"));
  query->bind(1, static_cast<std::int64_t>(std::min(limit, kRecentMax)));
  std::vector<RecentSample> found;
  for (;;) {
    MB_TRY(const bool more, query->step());
    if (!more) return found;
    found.push_back({.machine = {query->integer(0)},
                     .at = {query->integer(1)},
                     .cpu_usage = std::string(query->text(2)),
                     .memory_usage = std::string(query->text(3)),
                     .is_sample = query->integer(4) != 0});
  }
}

Result<std::vector<PriceVersionUse>> price_versions(LedgerConnection& ledger) {
  MB_TRYV(ledger.usable());
  MB_TRY(auto query, ledger.query("SELECT meter, unit, scopes, valid_from, digest "
                                  "FROM price_version ORDER BY meter, unit, scopes, valid_from"));
  std::vector<PriceVersionUse> found;
  for (;;) {
    MB_TRY(const bool more, query->step());
    if (!more) return found;
    found.push_back({.meter = std::string(query->text(0)),
                     .unit = std::string(query->text(1)),
                     .scopes = std::string(query->text(2)),
                     .from = std::string(query->text(3)),
                     .digest = std::string(query->text(4))});
  }
}

Result<std::vector<EvidenceBatch>> evidence_of(LedgerConnection& ledger,
                                               std::span<const RowKey> rows, std::int64_t from,
                                               std::size_t limit) {
  MB_TRYV(ledger.usable());
  MB_TRY(const auto snapshot, LedgerSnapshot::begin(ledger.db()));
  MB_TRY(std::vector<EvidenceBatch> found, batches_before_notes(ledger, from, limit));
  // What was touched is small beside the blocks: all of it is read, and of the blocks the few.
  MB_TRY(auto touched, ledger.query("SELECT batch, touched FROM evidence_touched WHERE batch>=?1 "
                                    "ORDER BY batch"));
  MB_TRY(auto kept, ledger.query("SELECT batch, at_us, raw_bytes FROM evidence WHERE batch=?1"));
  touched->bind(1, from);
  while (found.size() < limit) {
    MB_TRY(const bool more, touched->step());
    if (!more) break;
    const std::int64_t batch = touched->integer(0);
    MB_TRY(const bool is_one_of_them,
           in(fmt::format("what batch {} touched", batch), is_touched(touched->blob(1), rows)));
    if (!is_one_of_them) continue;
    kept->bind(1, batch);
    MB_TRY(const bool is_kept, kept->step());
    if (is_kept) found.push_back(evidence_batch_at(kept));
    kept->reset();
  }
  return found;
}

Result<void> evidence(LedgerConnection& ledger, std::int64_t batch,
                      const std::function<Result<void>(EvidenceItem&&)>& each) {
  MB_TRYV(ledger.usable());
  MB_TRY(auto query, ledger.query("SELECT block, raw_bytes FROM evidence WHERE batch=?1"));
  query->bind(1, batch);
  MB_TRY(const bool found, query->step());
  if (!found) return fail(Code::kNotFound, fmt::format("no evidence of batch {}", batch));
  return in(fmt::format("evidence of batch {}", batch),
            unpack_evidence(query->blob(0), query->integer(1), each));
}

}  // namespace meterbill::ledger_queries
