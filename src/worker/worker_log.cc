#include "worker/worker_log.h"

namespace meterbill {

void WorkerLog::source_claimed(const std::string& source, std::int64_t fence) {
  log_.info("source taken over", {{"SOURCE", source}, {"FENCE", std::to_string(fence)}});
}

void WorkerLog::source_not_ready(const std::string& source, const std::string& reason) {
  log_.warning("source not ready", {{"SOURCE", source, true}, {"REASON", reason, true}});
}

void WorkerLog::source_ready_again(const std::string& source) {
  log_.notice("source ready again", {{"SOURCE", source, true}});
}

void WorkerLog::disk_full(const Error& error) {
  log_.error("ledger cannot be written: nothing is accepted until it can; nothing is lost",
             {{"ERROR", error.message}});
}

void WorkerLog::disk_has_space_again() { log_.notice("ledger can be written again"); }

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
  log_.notice("conflict decided", {{"MACHINE", machine.str(), true},
                                   {"BOOT", boot.str(), true},
                                   {"DECISION", std::string(to_string(decision)), true}});
}

void WorkerLog::totals_rebuilt(std::int64_t machines) {
  log_.notice("running totals rebuilt: prices or months changed",
              {{"MACHINES", std::to_string(machines)}});
}

void WorkerLog::partition_accepted(const std::string& source, std::int32_t partition) {
  log_.notice("recreated partition accepted; it is read from the beginning",
              {{"SOURCE", source, true}, {"PARTITION", std::to_string(partition), true}});
}

}  // namespace meterbill
