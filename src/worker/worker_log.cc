#include "worker/worker_log.h"

namespace meterbill {
namespace {

LogFields fields_of(const SourceTrouble& trouble) {
  LogFields fields{{"SOURCE", trouble.source, true}};
  if (trouble.partition) fields.push_back({"PARTITION", std::to_string(*trouble.partition), true});
  fields.push_back({"LASTED", std::to_string(trouble.lasted_us / 1'000'000) + " s"});
  return fields;
}

}  // namespace

void WorkerLog::source_claimed(const std::string& source, std::int64_t fence) {
  log_.info("source taken over", {{"SOURCE", source}, {"FENCE", std::to_string(fence)}});
}

void WorkerLog::source_not_ready(const SourceTrouble& trouble) {
  LogFields fields = fields_of(trouble);
  fields.insert(fields.begin(), {"REASON", trouble.reason, true});
  log_.warning(trouble.partition ? "partition not read: what it holds waits"
                                 : "source not ready: what it holds waits",
               fields);
}

void WorkerLog::source_ready_again(const SourceTrouble& trouble) {
  log_.notice(trouble.partition ? "partition read again" : "source ready again",
              fields_of(trouble));
}

void WorkerLog::records_expired(const Gap& gap) {
  log_.error(
      "records were gone before they were read: later readings say what readings in them said "
      "(`meterbill agent send --again` hurries them), samples and usage events are lost",
      {{"REASON", to_string(gap), true},
       {"SOURCE", gap.source, true},
       {"PARTITION", std::to_string(gap.partition), true}});
}

void WorkerLog::ledger_unwritable(const Error& error, UtcTime since) {
  // Each time is told by itself: held back as a repetition, the last word would be the wrong one.
  log_.error("ledger cannot be written: nothing is accepted until it can; nothing is lost",
             {{"ERROR", error.message}, {"SINCE", to_string(since), true}});
}

void WorkerLog::ledger_writable_again(UtcTime since) {
  log_.notice("ledger can be written again", {{"SINCE", to_string(since), true}});
}

void WorkerLog::quarantined(const std::string& source, const std::string& machine,
                            const Rejection& rejection, std::int64_t more) {
  log_.warning("quarantined: see `meterbill quarantine list`",
               {{"REASON", std::string(to_string(rejection.reason)), true},
                {"DETAIL", rejection.detail},
                {"MACHINE", machine},
                {"SOURCE", source},
                {"MORE", std::to_string(more)}});
}

void WorkerLog::conflict(const MachineId& machine) {
  log_.warning(
      "conflict: two machines use one name; their usage is held until `meterbill machine "
      "resolve`",
      {{"MACHINE", machine.str(), true}});
}

void WorkerLog::decided(const MachineId& machine, const BootId& boot, Decision decision) {
  log_.operated("conflict decided", {{"MACHINE", machine.str(), true},
                                     {"BOOT", boot.str(), true},
                                     {"DECISION", std::string(to_string(decision)), true}});
}

void WorkerLog::totals_rebuilt(std::int64_t machines) {
  log_.notice("running totals rebuilt: prices or months changed",
              {{"MACHINES", std::to_string(machines)}});
}

void WorkerLog::partition_accepted(const std::string& source, std::int32_t partition) {
  log_.operated("recreated partition accepted; it is read from the beginning",
                {{"SOURCE", source, true}, {"PARTITION", std::to_string(partition), true}});
}

void WorkerLog::backup_made(const std::string& file, const BackupFacts& facts) {
  log_.operated("backup made and verified", {{"FILE", file, true},
                                             {"BYTES", std::to_string(facts.bytes)},
                                             {"COMMIT", std::to_string(facts.commits)}});
}

void WorkerLog::backup_failed(const std::string& file, const Error& error) {
  log_.warning("backup not made; nothing of it is left, the ledger is as it was",
               {{"FILE", file, true}, {"ERROR", error.message}});
}

}  // namespace meterbill
