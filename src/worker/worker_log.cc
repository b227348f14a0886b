#include "worker/worker_log.h"

#include "worker/worker_log_events.h"

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
  log_.write(worker_event::kSourceClaimed, {{"SOURCE", source}, {"FENCE", std::to_string(fence)}});
}

void WorkerLog::source_not_ready(const SourceTrouble& trouble) {
  LogFields fields = fields_of(trouble);
  fields.insert(fields.begin(), {"REASON", trouble.reason, true});
  log_.write(trouble.partition ? worker_event::kPartitionNotRead : worker_event::kSourceNotReady,
             fields);
}

void WorkerLog::source_ready_again(const SourceTrouble& trouble) {
  log_.write(
      trouble.partition ? worker_event::kPartitionReadAgain : worker_event::kSourceReadyAgain,
      fields_of(trouble));
}

void WorkerLog::records_expired(const Gap& gap) {
  log_.write(worker_event::kRecordsExpired, {{"REASON", to_string(gap), true},
                                             {"SOURCE", gap.source, true},
                                             {"PARTITION", std::to_string(gap.partition), true}});
}

void WorkerLog::ledger_unwritable(const Error& error, UtcTime since) {
  // Each time is told by itself: held back as a repetition, the last word would be the wrong one.
  log_.write(worker_event::kLedgerUnwritable,
             {{"ERROR", error.message}, {"SINCE", to_string(since), true}});
}

void WorkerLog::ledger_writable_again(UtcTime since) {
  log_.write(worker_event::kLedgerWritableAgain, {{"SINCE", to_string(since), true}});
}

void WorkerLog::committed(std::int64_t commit, std::int64_t messages) {
  log_.write(worker_event::kCommitted,
             {{"COMMIT", std::to_string(commit)}, {"MESSAGES", std::to_string(messages)}});
}

void WorkerLog::quarantined(const std::string& source, const std::string& machine,
                            const Rejection& rejection, std::int64_t more) {
  log_.write(worker_event::kQuarantined,
             {{"REASON", std::string(to_string(rejection.reason)), true},
              {"DETAIL", rejection.detail},
              {"MACHINE", machine},
              {"SOURCE", source},
              {"MORE", std::to_string(more)}});
}

void WorkerLog::conflict(const MachineId& machine) {
  log_.write(worker_event::kConflict, {{"MACHINE", machine.str(), true}});
}

void WorkerLog::decided(const MachineId& machine, const BootId& boot, Decision decision) {
  log_.write(worker_event::kDecided, {{"MACHINE", machine.str(), true},
                                      {"BOOT", boot.str(), true},
                                      {"DECISION", std::string(to_string(decision)), true}});
}

void WorkerLog::totals_rebuilt(std::int64_t machines) {
  log_.write(worker_event::kTotalsRebuilt, {{"MACHINES", std::to_string(machines)}});
}

void WorkerLog::partition_accepted(const std::string& source, std::int32_t partition) {
  log_.write(worker_event::kPartitionAccepted,
             {{"SOURCE", source, true}, {"PARTITION", std::to_string(partition), true}});
}

void WorkerLog::backup_made(const std::string& file, const BackupFacts& facts) {
  log_.write(worker_event::kBackupMade, {{"FILE", file, true},
                                         {"BYTES", std::to_string(facts.bytes)},
                                         {"COMMIT", std::to_string(facts.commits)}});
}

void WorkerLog::backup_failed(const std::string& file, const Error& error) {
  log_.write(worker_event::kBackupFailed, {{"FILE", file, true}, {"ERROR", error.message}});
}

}  // namespace meterbill
