#pragma once

#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>

#include "base/clock.h"
#include "base/guarded.h"
#include "ports/ledger_store.h"
#include "worker/worker.h"
#include "worker/worker_events.h"

namespace meterbill {

enum class BackupState { kNone, kRunning, kDone, kFailed };
/// The texts stand in JSON.
[[nodiscard]] std::string_view to_string(BackupState state);

/// The backup that is being made, or was made last. A copy, consistent in itself.
struct BackupStatus {
  BackupState state = BackupState::kNone;
  std::string file;
  std::int64_t bytes_done = 0;  ///< copied so far; when all are, the copy is being checked
  std::int64_t bytes_all = 0;   ///< 0 until known
  std::int64_t began_us = 0;    ///< monotonic
  std::int64_t took_us = 0;     ///< so far, or in all
  BackupFacts facts;            ///< of kDone
  std::string error;            ///< of kFailed
  bool cannot_create = false;   ///< of kFailed: the file exists, or its folder takes none
};

/// Makes backups of a running worker's ledger, one at a time, on a thread of its own: the apply
/// thread goes on, and only stores at the end that a backup was made.
///
/// Not on a query thread: a long copy would take one from those who ask.
class Backup {
 public:
  /// Everything is borrowed and must outlive the object.
  Backup(LedgerStore& store, Worker& worker, const Clock& clock, WorkerEvents& events)
      : store_(store), worker_(worker), clock_(clock), events_(events) {}
  Backup(const Backup&) = delete;
  Backup& operator=(const Backup&) = delete;
  ~Backup() { stop(); }

  // From any thread.
  /// Begins a backup into the new file `file` (absolute); how it ends is told by `status`.
  /// kConflict: one is being made. kUnavailable after `stop`.
  [[nodiscard]] Result<void> start(const std::string& file);
  /// The backup that is being made ends as kFailed soon, and nothing of it is left.
  void cancel();
  [[nodiscard]] BackupStatus status() const;

  /// Cancels, waits for the end of it and starts no other. REQUIRES: the worker runs or has ended.
  void stop();

 private:
  void run(const std::stop_token& stop, const std::string& file);

  LedgerStore& store_;
  Worker& worker_;
  const Clock& clock_;
  WorkerEvents& events_;
  Guarded<BackupStatus> status_;

  std::mutex mutex_;
  bool stopping_ = false;  ///< guarded by mutex_
  std::jthread thread_;    ///< guarded by mutex_; the last member: ends before the others go
};

}  // namespace meterbill
