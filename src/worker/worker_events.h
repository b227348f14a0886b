#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "domain/hold.h"
#include "ports/ledger_store.h"

namespace meterbill {

/// What a source, or one of its partitions, waits for.
struct SourceTrouble {
  std::string source;
  std::optional<std::int32_t> partition;
  std::string reason;  ///< with the remedy; empty when it is over
  std::int64_t lasted_us = 0;
};

/// What the worker says to the log: one named function an event, so that texts, ids and fields
/// stand in one place and the worker needs no logging library.
class WorkerEvents {
 public:
  virtual ~WorkerEvents() = default;
  virtual void source_claimed(const std::string& source, std::int64_t fence) = 0;
  virtual void source_not_ready(const SourceTrouble& trouble) = 0;
  virtual void source_ready_again(const SourceTrouble& trouble) = 0;
  /// Told when it is in the ledger, once.
  virtual void records_expired(const Gap& gap) = 0;
  /// `since`: when that began, as in the word that ends it, which comes after ten seconds of rest.
  virtual void ledger_unwritable(const Error& error, UtcTime since) = 0;
  virtual void ledger_writable_again(UtcTime since) = 0;
  /// A batch of so many messages is durable.
  virtual void committed(std::int64_t commit, std::int64_t messages) = 0;
  virtual void quarantined(const std::string& source, const std::string& machine,
                           const Rejection& rejection, std::int64_t more) = 0;
  virtual void conflict(const MachineId& machine) = 0;
  virtual void decided(const MachineId& machine, const BootId& boot, Decision decision) = 0;
  virtual void totals_rebuilt(std::int64_t machines) = 0;
  virtual void partition_accepted(const std::string& source, std::int32_t partition) = 0;
  // On the backup's thread.
  virtual void backup_made(const std::string& file, const BackupFacts& facts) = 0;
  virtual void backup_failed(const std::string& file, const Error& error) = 0;
};

}  // namespace meterbill
