#include "worker/api_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <utility>

#include "base/base64.h"
#include "report/clock_step_json.h"
#include "report/coverage_report.h"
#include "report/gap_json.h"
#include "report/json_writer.h"

namespace meterbill {
namespace {

constexpr std::size_t kGapsShown = 100;

void write_counts(JsonWriter& json, const Counts& counts) {
  json.begin_object()
      .integer("read", counts.read())
      .integer("applied", counts.applied)
      .integer("repeated", counts.repeated)
      .integer("quarantined", counts.quarantined)
      .end_object();
}

void write_source(JsonWriter& json, const WorkerSourceStatus& source) {
  json.begin_object()
      .string("name", source.name)
      .string("ledger_name", source.ledger_name)
      .boolean("ready", source.state.ready)
      .string("reason", source.state.reason);
  json.key("counts");
  write_counts(json, source.counts);
  json.integer("read_per_s", source.read_per_s);
  json.begin_array("partitions");
  for (const PartitionStatus& partition : source.state.partitions) {
    json.begin_object()
        .integer("partition", partition.partition)
        .string("state", to_string(partition.state))
        .string("reason", partition.reason)
        .integer("next_offset", partition.next_offset);
    if (partition.end_offset >= 0)
      json.integer("end_offset", partition.end_offset)
          .integer("lag", std::max<std::int64_t>(0, partition.end_offset - partition.next_offset));
    json.end_object();
  }
  json.end_array().end_object();
}

void write_strings(JsonWriter& json, std::string_view name, const std::vector<std::string>& texts) {
  json.begin_array(name);
  for (const std::string& text : texts) json.string(text);
  json.end_array();
}

void write_item(JsonWriter& json, const QuarantineItem& item) {
  json.integer("id", item.id)
      .string("state", to_string(item.state))
      .string("reason", to_string(item.rejection.reason))
      .string("detail", item.rejection.detail)
      .string("machine", item.machine)
      .string("source", item.source)
      .integer("partition", item.position.partition)
      .integer("offset", item.position.offset);
  if (item.ordinal) json.integer("ordinal", *item.ordinal);
  if (!item.reading_key.empty()) json.string("reading", item.reading_key);
  json.integer("count", item.count)
      .string("first_at", to_string(item.first_at))
      .string("last_at", to_string(item.last_at))
      .integer("value_bytes", item.value_bytes)
      .boolean("releasable", item.releasable);
}

std::string hex(const Sha256& digest) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : digest) {
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 15U];
  }
  return text;
}

void write_boots(JsonWriter& json, const std::vector<BootView>& boots) {
  json.begin_array("boots");
  for (const BootView& boot : boots) {
    json.begin_object()
        .string("boot_id", boot.boot.str())
        .integer("epochs", boot.epochs)
        .boolean("in_conflict", boot.in_conflict);
    if (boot.is_discarded) json.boolean("discarded", true);
    if (boot.decision) json.string("decision", to_string(*boot.decision));
    if (boot.renamed_to) json.string("renamed_to", boot.renamed_to->str());
    if (boot.renamed_from) json.string("renamed_from", boot.renamed_from->str());
    json.end_object();
  }
  json.end_array();
}

void write_machine(JsonWriter& json, const MachineView& machine, bool in_detail) {
  json.begin_object().string("machine", machine.facts.name.str());
  if (machine.facts.has_slots())
    json.string("last_seen", to_string(machine.facts.seen.at))
        .string("first_slot", to_string(machine.facts.first_slot))
        .string("last_slot", to_string(machine.facts.last_slot));
  json.boolean("conflict", machine.in_conflict)
      .string("cpu_usage_percent", machine.facts.seen.cpu_usage_percent)
      .string("memory_usage_percent", machine.facts.seen.memory_usage_percent);
  if (machine.facts.retired) json.string("retired", to_string(*machine.facts.retired));
  json.begin_object("labels");
  for (const auto& [key, value] : machine.labels) json.string(key, value);
  json.end_object();
  write_kept_out(json, "discarded", machine.discarded);
  if (machine.is_summed) json.string("decision", to_string(Decision::kSum));
  if (in_detail) {
    write_boots(json, machine.boots);
    write_clock_steps(json, machine.clock_steps);
  }
  json.end_object();
}

/// Newest first.
void write_gaps(JsonWriter& json, std::vector<Gap> gaps) {
  std::ranges::stable_sort(gaps, std::greater<>(), &Gap::detected);
  json.begin_object("gaps").integer("count", static_cast<std::int64_t>(gaps.size()));
  json.integer("records", std::accumulate(gaps.begin(), gaps.end(), std::int64_t{0},
                                          [](std::int64_t sum, const Gap& gap) {
                                            return sum + gap.records();
                                          }));
  if (gaps.size() > kGapsShown) gaps.resize(kGapsShown);
  json.begin_array("newest");
  for (const Gap& gap : gaps) write_gap(json, gap);
  json.end_array().end_object();
}

void write_recent_coverage(JsonWriter& json, const RecentCoverage* coverage) {
  if (coverage == nullptr) {
    json.null("coverage");
    return;
  }
  json.begin_object("coverage")
      .string("from", to_string(coverage->slots.begin))
      .string("to", to_string(coverage->slots.end))
      .string("looked", to_string(coverage->looked))
      .integer("took_ms", coverage->took_us / 1'000)
      .integer("machines", coverage->machines)
      .integer("with_missing", coverage->with_missing)
      .integer("with_estimated", coverage->with_estimated)
      .integer("without_time", coverage->without_time);
  write_coverage(json, coverage->sum);
  json.begin_array("worst");
  for (const RecentCoverage::Machine& machine : coverage->listed) {
    json.begin_object().string("machine", machine.machine.str());
    write_coverage(json, machine.coverage);
    json.end_object();
  }
  json.end_array().integer("not_listed", coverage->not_listed()).end_object();
}

}  // namespace

std::string status_json(const WorkerStatus& status, const LedgerFacts& facts,
                        const std::map<std::string, Counts>& counts,
                        const std::map<QuarantineState, std::int64_t>& quarantined,
                        std::vector<Gap> gaps, const std::vector<std::string>& held_machines,
                        const std::vector<std::string>& silent_machines,
                        const std::vector<std::string>& warnings, const std::string& version,
                        const std::optional<UtcTime>& started, UtcTime now,
                        const RecentCoverage* coverage) {
  Counts sum;
  for (const auto& [source, of_source] : counts) sum += of_source;
  JsonWriter json;
  json.begin_object()
      .boolean("ready", status.ready)
      .string("reason", status.reason)
      .string("version", version)
      .string("now", to_string(now));
  if (started) json.string("started", to_string(*started));
  json.key("counts");
  write_counts(json, sum);
  json.begin_object("quarantine");
  for (const auto& [state, number] : quarantined) json.integer(to_string(state), number);
  json.integer("not_kept", facts.quarantine_not_kept).end_object();
  json.begin_array("sources");
  for (const WorkerSourceStatus& source : status.sources) write_source(json, source);
  json.end_array();
  write_gaps(json, std::move(gaps));
  json.integer("machines", status.machines);
  write_recent_coverage(json, coverage);
  write_strings(json, "conflict", held_machines);
  write_strings(json, "silent", silent_machines);
  json.begin_object("ledger")
      .integer("schema_version", facts.schema_version)
      .integer("bytes", facts.bytes)
      .integer("commits", facts.commits);
  if (status.last_commit) json.string("last_commit", to_string(*status.last_commit));
  if (facts.last_backup) json.string("last_backup", to_string(*facts.last_backup));
  if (status.disk_full_since) json.string("disk_full_since", to_string(*status.disk_full_since));
  json.end_object();
  write_strings(json, "warnings", warnings);
  json.end_object();
  return json.take();
}

std::string quarantine_json(const std::vector<QuarantineItem>& items, std::int64_t not_kept) {
  JsonWriter json;
  json.begin_object().begin_array("items");
  for (const QuarantineItem& item : items) {
    json.begin_object();
    write_item(json, item);
    json.end_object();
  }
  json.end_array().integer("not_kept", not_kept).end_object();
  return json.take();
}

std::string quarantine_item_json(const QuarantineItem& item) {
  JsonWriter json;
  json.begin_object();
  write_item(json, item);
  json.string("value_sha256", hex(item.value_digest))
      .string("key", item.delivery->key)
      .string("key_base64", to_base64(item.delivery->key))
      .string("recorded", to_string(item.delivery->recorded))
      .boolean("tombstone", item.delivery->tombstone)
      .string("value", item.delivery->value)
      .string("value_base64", to_base64(item.delivery->value));
  json.begin_array("headers");
  for (const Headers::View header : item.delivery->headers)
    json.begin_object()
        .string("name", header.name)
        .string("value", header.value)
        .string("value_base64", to_base64(header.value))
        .end_object();
  json.end_array().end_object();
  return json.take();
}

std::string machines_json(const std::vector<MachineView>& machines) {
  JsonWriter json;
  json.begin_object().begin_array("machines");
  for (const MachineView& machine : machines) write_machine(json, machine, false);
  json.end_array().end_object();
  return json.take();
}

std::string machine_json(const MachineView& machine) {
  JsonWriter json;
  write_machine(json, machine, true);
  return json.take();
}

std::string backup_json(const BackupStatus& status) {
  JsonWriter json;
  json.begin_object().string("state", to_string(status.state));
  if (status.state != BackupState::kNone) json.string("file", status.file);
  if (status.state == BackupState::kRunning)
    json.integer("bytes_done", status.bytes_done).integer("bytes_all", status.bytes_all);
  if (status.state == BackupState::kDone)
    json.integer("bytes", status.facts.bytes).integer("commit", status.facts.commits);
  if (status.state == BackupState::kFailed)
    json.string("error", status.error).boolean("cannot_create", status.cannot_create);
  const std::int64_t ms = status.took_us / 1'000;
  json.number("seconds", fmt::format("{}.{:03}", ms / 1'000, ms % 1'000)).end_object();
  return json.take();
}

}  // namespace meterbill
