#pragma once

#include "base/log.h"
#include "worker/worker_events.h"

namespace meterbill {

/// The worker's events as log lines.
class WorkerLog final : public WorkerEvents {
 public:
  /// `log` outlives the object.
  explicit WorkerLog(Log& log) : log_(log) {}

  void source_claimed(const std::string& source, std::int64_t fence) override;
  void source_not_ready(const SourceTrouble& trouble) override;
  void source_ready_again(const SourceTrouble& trouble) override;
  void records_expired(const Gap& gap) override;
  void ledger_unwritable(const Error& error, UtcTime since) override;
  void ledger_writable_again(UtcTime since) override;
  void committed(std::int64_t commit, std::int64_t messages) override;
  void quarantined(const std::string& source, const std::string& machine,
                   const Rejection& rejection, std::int64_t more) override;
  void conflict(const MachineId& machine) override;
  void decided(const MachineId& machine, const BootId& boot, Decision decision) override;
  void totals_rebuilt(std::int64_t machines) override;
  void partition_accepted(const std::string& source, std::int32_t partition) override;
  void backup_made(const std::string& file, const BackupFacts& facts) override;
  void backup_failed(const std::string& file, const Error& error) override;

 private:
  Log& log_;
};

}  // namespace meterbill
