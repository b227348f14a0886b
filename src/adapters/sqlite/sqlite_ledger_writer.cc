#include "adapters/sqlite/sqlite_ledger_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "adapters/sqlite/sqlite_ledger_codec.h"
#include "adapters/sqlite/sqlite_ledger_columns.h"
#include "adapters/sqlite/sqlite_ledger_quarantine.h"
#include "wire/row_codec.h"

namespace meterbill::ledger_writer {
namespace {

Result<void> put_name(LedgerConnection& ledger, std::string_view sql, std::int64_t number,
                      std::string_view name) {
  MB_TRY(auto query, ledger.query(sql));
  query->bind(1, number).bind(2, name);
  return in(name, query->run());
}

Result<void> put_names(LedgerConnection& ledger, const Dictionary& added) {
  for (const auto& [key, name] : added.machines) {
    MB_TRYV(put_name(ledger, "INSERT INTO machine(machine, name) VALUES (?1, ?2)", key.value,
                     name.str()));
  }
  for (const auto& [key, name] : added.scopes) {
    MB_TRYV(
        put_name(ledger, "INSERT INTO scope(scope, name) VALUES (?1, ?2)", key.value, name.str()));
  }
  for (const auto& [key, labels] : added.label_sets) {
    MB_TRYV(put_name(ledger, "INSERT INTO label_set(label_set, labels) VALUES (?1, ?2)", key.value,
                     to_text(labels)));
  }
  for (const auto& [key, name] : added.meters) {
    MB_TRYV(
        put_name(ledger, "INSERT INTO meter(meter, name) VALUES (?1, ?2)", key.value, name.str()));
  }
  return ok();
}

Result<void> put_epochs(LedgerConnection& ledger,
                        std::span<const std::pair<EpochKey, EpochFacts>> epochs) {
  MB_TRY(auto query, ledger.query("INSERT INTO epoch(epoch, machine, name, boot, label_set, "
                                  "last_seen_us, percent_us, cpu_usage_percent, "
                                  "memory_usage_percent) "
                                  "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"));
  for (const auto& entry : epochs) {
    const EpochFacts& facts = entry.second;
    query->bind(1, entry.first.value).bind(2, facts.machine.value).bind(3, facts.epoch.str());
    query->bind(4, facts.boot.str()).bind(5, facts.labels.value);
    ledger_queries::bind_sighting(query, 6, facts.seen);
    MB_TRYV(in("epoch " + facts.epoch.str(), query->run()));
  }
  return ok();
}

Error nameless(const char* what, std::int64_t number) {
  return fail(Code::kInvalid, fmt::format("{} {} has no name in the ledger", what, number));
}

/// `query` looks for the number that is its parameter.
Result<void> check_name(LedgerQuery& query, const char* what, std::int64_t number) {
  query->bind(1, number);
  MB_TRY(const bool found, query->step());
  query->reset();
  if (!found) return nameless(what, number);
  return ok();
}

Result<void> put_seen(LedgerConnection& ledger, const std::map<EpochKey, Sighting>& seen) {
  MB_TRY(auto query, ledger.query("UPDATE epoch SET last_seen_us=?2, percent_us=?3, "
                                  "cpu_usage_percent=?4, memory_usage_percent=?5 "
                                  "WHERE epoch=?1"));
  for (const auto& [key, sighting] : seen) {
    query->bind(1, key.value);
    ledger_queries::bind_sighting(query, 2, sighting);
    MB_TRYV(query->run());
    // Not RETURNING, which takes as long again.
    if (ledger.db().changes() != 1) return nameless("epoch", key.value);
  }
  return ok();
}

/// The packed row hides its epochs from SQLite's foreign keys; a row with one that nothing names
/// could never be rated again. Those seen by this batch are known to have one.
Result<void> check_epochs(LedgerConnection& ledger, const UsageRow& row,
                          const std::map<EpochKey, Sighting>& seen) {
  MB_TRY(auto query, ledger.query("SELECT 1 FROM epoch WHERE epoch=?1"));
  for (const auto& entry : row.by_epoch) {
    if (seen.contains(entry.first)) continue;
    MB_TRYV(check_name(query, "epoch", entry.first.value));
  }
  return ok();
}

Result<void> put_rows(LedgerConnection& ledger, const WriteSet& write) {
  MB_TRY(auto query, ledger.query("INSERT INTO usage_row(machine, slot, packed) "
                                  "VALUES (?1, ?2, ?3) ON CONFLICT(machine, slot) "
                                  "DO UPDATE SET packed=excluded.packed"));
  for (const auto& [key, row] : write.rows) {
    MB_TRYV(check_epochs(ledger, row, write.seen));
    query->bind(1, key.machine.value).bind(2, key.slot.unix_seconds()).bind_blob(3, pack(row));
    MB_TRYV(in("usage row", query->run()));
  }
  return ok();
}

Result<void> put_holds(LedgerConnection& ledger, const std::map<MachineKey, Holds>& holds) {
  MB_TRY(auto remove, ledger.query("DELETE FROM hold WHERE machine=?1"));
  MB_TRY(auto insert, ledger.query("INSERT INTO hold(machine, epoch, from_slot, discarded_from) "
                                   "VALUES (?1, ?2, ?3, ?4)"));
  for (const auto& [machine, of_machine] : holds) {
    remove->bind(1, machine.value);
    MB_TRYV(remove->run());
    for (const auto& [epoch, hold] : of_machine) {
      insert->bind(1, machine.value).bind(2, epoch.value).bind(3, hold.from.unix_seconds());
      if (hold.discarded)
        insert->bind(4, hold.discarded->unix_seconds());
      else
        insert->bind_null(4);
      MB_TRYV(in("hold", insert->run()));
    }
  }
  return ok();
}

Result<void> put_machines(LedgerConnection& ledger,
                          const std::map<MachineKey, MachineFacts>& machines) {
  MB_TRY(auto query,
         ledger.query("INSERT INTO machine_facts(machine, first_slot, last_slot, retired_us, "
                      "last_seen_us, percent_us, cpu_usage_percent, memory_usage_percent) "
                      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT(machine) DO UPDATE SET "
                      "first_slot=?2, last_slot=?3, retired_us=?4, last_seen_us=?5, percent_us=?6, "
                      "cpu_usage_percent=?7, memory_usage_percent=?8"));
  for (const auto& [key, facts] : machines) {
    query->bind(1, key.value).bind(2, facts.first_slot.unix_seconds());
    query->bind(3, facts.last_slot.unix_seconds());
    if (facts.retired)
      query->bind(4, facts.retired->us);
    else
      query->bind_null(4);
    ledger_queries::bind_sighting(query, 5, facts.seen);
    MB_TRYV(in("machine " + facts.name.str(), query->run()));
  }
  return ok();
}

Result<void> put_events(LedgerConnection& ledger,
                        std::span<const std::pair<EventKey, UtcTime>> events) {
  MB_TRY(auto query, ledger.query("INSERT OR IGNORE INTO event_id(source, id, at_us) "
                                  "VALUES (?1, ?2, ?3)"));
  for (const auto& entry : events) {
    query->bind(1, entry.first.source).bind(2, entry.first.id).bind(3, entry.second.us);
    MB_TRYV(query->run());
  }
  return ok();
}

Result<void> put_recent(LedgerConnection& ledger, std::span<const RecentSample> samples) {
  if (samples.empty()) return ok();
  if (samples.size() > kRecentMax) samples = samples.last(kRecentMax);
  MB_TRY(auto insert,
         ledger.query("INSERT INTO recent(machine, at_us, cpu_usage, memory_usage, is_sample) "
                      "VALUES (?1, ?2, ?3, ?4, ?5)"));
  for (const RecentSample& sample : samples) {
    insert->bind(1, sample.machine.value).bind(2, sample.at.us).bind(3, sample.cpu_usage);
    insert->bind(4, sample.memory_usage).bind(5, std::int64_t{sample.is_sample});
    MB_TRYV(in("recent sample", insert->run()));
  }
  MB_TRY(auto trim, ledger.query("DELETE FROM recent WHERE id<=(SELECT max(id) FROM recent)-?1"));
  trim->bind(1, static_cast<std::int64_t>(kRecentMax));
  return trim->run();
}

/// Each block under its own number, the last under that of the commit.
Result<void> put_evidence(LedgerConnection& ledger, std::span<const EvidenceBlock> blocks,
                          LedgerMeta& meta) {
  MB_TRY(auto put, ledger.query("INSERT INTO evidence(batch, at_us, items, raw_bytes, block) "
                                "VALUES (?1, ?2, ?3, ?4, ?5)"));
  MB_TRY(auto note, ledger.query("INSERT INTO evidence_touched(batch, touched) VALUES (?1, ?2)"));
  std::int64_t number = meta.commits - static_cast<std::int64_t>(blocks.size());
  for (const EvidenceBlock& block : blocks) {
    put->bind(1, ++number).bind(2, block.at.us).bind(3, block.items);
    MB_TRYV(put->bind(4, block.raw_bytes).bind_blob(5, block.bytes).run());
    const std::string touched = pack_touched(block.touched);
    MB_TRYV(note->bind(1, number).bind_blob(2, touched).run());
    meta.evidence_bytes += static_cast<std::int64_t>(block.bytes.size() + touched.size());
  }
  return ok();
}

Result<void> add_counts(LedgerConnection& ledger, const std::map<std::string, Counts>& counts) {
  MB_TRY(auto query, ledger.query("UPDATE source SET applied=applied+?2, repeated=repeated+?3, "
                                  "quarantined=quarantined+?4 WHERE source=?1"));
  for (const auto& [source, added] : counts) {
    query->bind(1, source).bind(2, added.applied).bind(3, added.repeated);
    query->bind(4, added.quarantined);
    MB_TRYV(query->run());
  }
  return ok();
}

Result<void> put_position(LedgerConnection& ledger, const std::string& source,
                          const PartitionPosition& position) {
  MB_TRY(auto query, ledger.query("INSERT OR REPLACE INTO position(source, partition, incarnation, "
                                  "next_offset, anchor_offset, anchor_digest, replay_until, "
                                  "anchor_recorded_us) "
                                  "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"));
  query->bind(1, source).bind(2, position.partition).bind(3, position.incarnation);
  query->bind(4, position.next_offset).bind_null(5).bind_null(6).bind(7, position.replay_until);
  query->bind_null(8);
  if (position.anchor) {
    query->bind(5, position.anchor->offset).bind_blob(6, bytes_of(position.anchor->digest));
    if (position.anchor->recorded) query->bind(8, position.anchor->recorded->us);
  }
  return query->run();
}

Result<void> put_positions(LedgerConnection& ledger,
                           const std::map<std::string, std::vector<PartitionPosition>>& positions) {
  for (const auto& [source, of_source] : positions)
    for (const PartitionPosition& position : of_source) {
      MB_TRYV(put_position(ledger, source, position));
    }
  return ok();
}

Result<void> put_gaps(LedgerConnection& ledger, const WriteSet& write) {
  if (write.gaps.empty()) return ok();
  MB_TRY(auto query, ledger.query("INSERT INTO gap(source, partition, incarnation, from_offset, "
                                  "to_offset, after_us, detected_us) "
                                  "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"));
  for (const Gap& gap : write.gaps) {
    if (!passes(write, gap))
      return fail(Code::kInvalid, "no position passes the gap: " + to_string(gap));
    query->bind(1, gap.source).bind(2, gap.partition).bind(3, gap.incarnation);
    query->bind(4, gap.from).bind(5, gap.to).bind_null(6).bind(7, gap.detected.us);
    if (gap.after) query->bind(6, gap.after->us);
    MB_TRYV(in(to_string(gap), query->run()));
  }
  return ok();
}

/// Packed totals hide their names from SQLite's foreign keys.
Result<void> check_names(LedgerConnection& ledger, const Totals& totals) {
  std::set<ScopeKey> scopes;
  std::set<MeterKey> meters;
  for (const auto& [key, quantity] : totals) {
    if (quantity == 0) continue;
    scopes.insert(key.scope);
    meters.insert(key.meter);
  }
  MB_TRY(auto scope, ledger.query("SELECT 1 FROM scope WHERE scope=?1"));
  for (const ScopeKey key : scopes) {
    MB_TRYV(check_name(scope, "scope", key.value));
  }
  MB_TRY(auto meter, ledger.query("SELECT 1 FROM meter WHERE meter=?1"));
  for (const MeterKey key : meters) {
    MB_TRYV(check_name(meter, "meter", key.value));
  }
  return ok();
}

Result<void> put_segment(LedgerConnection& ledger, MachineKey machine, Slot segment,
                         const SegmentTotals& totals) {
  if (totals.empty()) {
    MB_TRY(auto remove, ledger.query("DELETE FROM total WHERE machine=?1 AND segment=?2"));
    return remove->bind(1, machine.value).bind(2, segment.unix_seconds()).run();
  }
  MB_TRY(auto put, ledger.query("INSERT INTO total(machine, segment, packed) VALUES (?1, ?2, ?3) "
                                "ON CONFLICT(machine, segment) DO UPDATE SET "
                                "packed=excluded.packed"));
  return put->bind(1, machine.value)
      .bind(2, segment.unix_seconds())
      .bind_blob(3, pack(totals))
      .run();
}

Result<bool> owns_source(LedgerConnection& ledger, const std::string& source,
                         const std::map<std::string, std::int64_t>& fences) {
  const auto mine = fences.find(source);
  if (mine == fences.end()) return false;
  MB_TRY(auto query, ledger.query("SELECT fence FROM source WHERE source=?1"));
  query->bind(1, source);
  MB_TRY(const bool found, query->step());
  return found && query->integer(0) == mine->second;
}

}  // namespace

Result<bool> owns(LedgerConnection& ledger, const WriteSet& write,
                  const std::map<std::string, std::int64_t>& fences) {
  bool all = true;
  for (const auto& entry : write.positions) {
    MB_TRY(const bool mine, owns_source(ledger, entry.first, fences));
    all = all && mine;
  }
  for (const Gap& gap : write.gaps) {
    MB_TRY(const bool mine, owns_source(ledger, gap.source, fences));
    all = all && mine;
  }
  for (const auto& entry : write.counts) {
    MB_TRY(const bool mine, owns_source(ledger, entry.first, fences));
    all = all && mine;
  }
  return all;
}

Result<std::int64_t> raise_fence(LedgerConnection& ledger, const std::string& source) {
  MB_TRY(auto query, ledger.query("INSERT INTO source(source, fence) VALUES (?1, 1) "
                                  "ON CONFLICT(source) DO UPDATE SET fence=fence+1 "
                                  "RETURNING fence"));
  query->bind(1, source);
  MB_TRY(const bool found, query->step());
  if (!found) return fail(Code::kDamaged, "no fence for source " + source);
  const std::int64_t fence = query->integer(0);
  MB_TRYV(query->run());
  return fence;
}

Result<void> put_totals(LedgerConnection& ledger, const Totals& totals) {
  MB_TRYV(check_names(ledger, totals));
  for (auto next = totals.begin(); next != totals.end();) {
    const MachineKey machine = next->first.machine;
    FlatMap<Slot, SegmentTotals> segments;
    for (; next != totals.end() && next->first.machine == machine; ++next) {
      const TotalKey& key = next->first;
      MB_TRY(SegmentTotals* const segment,
             ledger_queries::segment_in(segments, ledger, machine, key.segment));
      const TotalPlace place{key.scope, key.labels, key.meter};
      if (next->second == 0)
        segment->erase(place);
      else
        segment->insert_or_assign(place, next->second);
    }
    for (const auto& [segment, stored] : segments) {
      MB_TRYV(in("total", put_segment(ledger, machine, segment, stored)));
    }
  }
  return ok();
}

Result<void> put_decision(LedgerConnection& ledger, MachineKey machine, const BootId& boot,
                          const BootDecision& decision, UtcTime at) {
  MB_TRY(auto query, ledger.query("INSERT OR REPLACE INTO decision(machine, boot, decision, "
                                  "renamed_to, decided_us) VALUES (?1, ?2, ?3, ?4, ?5)"));
  query->bind(1, machine.value).bind(2, boot.str()).bind(3, to_string(decision.decision));
  query->bind_null(4).bind(5, at.us);
  if (decision.decision == Decision::kRename) query->bind(4, decision.renamed_to.value);
  return in("decision", query->run());
}

Result<void> put_prices(LedgerConnection& ledger, std::span<const PriceVersionUse> used) {
  if (used.empty()) return ok();
  MB_TRY(auto query,
         ledger.query("INSERT INTO price_version(meter, unit, scopes, valid_from, digest) "
                      "VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING"));
  for (const PriceVersionUse& use : used) {
    query->bind(1, use.meter).bind(2, use.unit).bind(3, use.scopes).bind(4, use.from);
    query->bind(5, use.digest);
    MB_TRYV(in("price version", query->run()));
  }
  return ok();
}

Result<void> apply(LedgerConnection& ledger, const WriteSet& write, const LedgerLimits& limits) {
  MB_TRY(LedgerMeta meta, read_meta(ledger));
  meta.commits += numbers_of(write);
  MB_TRYV(in("new name", put_names(ledger, write.added)));
  MB_TRYV(put_epochs(ledger, write.epochs));
  MB_TRYV(put_seen(ledger, write.seen));
  MB_TRYV(put_rows(ledger, write));
  MB_TRYV(put_totals(ledger, write.totals));
  MB_TRYV(put_holds(ledger, write.holds));
  MB_TRYV(put_machines(ledger, write.machines));
  MB_TRYV(put_events(ledger, write.event_ids));
  for (const QuarantineItem& item : write.quarantine) {
    MB_TRYV(in("quarantine", keep_quarantined(ledger, item, limits.quarantine_bytes_max, meta)));
  }
  MB_TRYV(in("evidence", put_evidence(ledger, write.evidence, meta)));
  MB_TRYV(put_recent(ledger, write.recent));
  MB_TRYV(put_prices(ledger, write.prices));
  MB_TRYV(add_counts(ledger, write.counts));
  MB_TRYV(put_positions(ledger, write.positions));
  MB_TRYV(put_gaps(ledger, write));
  return write_meta(ledger, meta);
}

}  // namespace meterbill::ledger_writer
