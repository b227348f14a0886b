#include "worker/backup.h"

#include <fmt/format.h>

namespace meterbill {

std::string_view to_string(BackupState state) {
  switch (state) {
    case BackupState::kNone:
      return "none";
    case BackupState::kRunning:
      return "running";
    case BackupState::kDone:
      return "done";
    case BackupState::kFailed:
      return "failed";
  }
  return "";
}

Result<void> Backup::start(const std::string& file) {
  const std::scoped_lock lock(mutex_);
  if (stopping_) return fail(Code::kUnavailable, "the worker is stopping");
  const BackupStatus before = status();
  if (before.state == BackupState::kRunning)
    return fail(Code::kConflict,
                fmt::format("a backup into {} is being made: wait for its end", before.file));
  BackupStatus begun;
  begun.state = BackupState::kRunning;
  begun.file = file;
  begun.began_us = clock_.now().monotonic_us;
  status_.with([&](BackupStatus& shown) { shown = begun; });
  // The thread of the backup before, if any, has told its end and is only joined.
  thread_ = std::jthread([this, file](const std::stop_token& stop) { run(stop, file); });
  return ok();
}

void Backup::run(const std::stop_token& stop, const std::string& file) {
  Result<BackupFacts> made = store_.backup(file, stop, [this](std::int64_t done, std::int64_t all) {
    status_.with([&](BackupStatus& shown) {
      shown.bytes_done = done;
      shown.bytes_all = all;
    });
  });
  if (made) {
    // Where this fails the worker is ending or the ledger's disk is full, which is told elsewhere;
    // the backup is good all the same.
    static_cast<void>(worker_.remember_backup(clock_.now().utc));
    events_.backup_made(file, made.value());
  } else {
    events_.backup_failed(file, made.error());
  }
  const bool cannot_create =
      !made && (made.error().code == Code::kConflict || made.error().code == Code::kNotFound ||
                made.error().code == Code::kPermission);
  status_.with([&](BackupStatus& shown) {
    shown.cannot_create = cannot_create;
    shown.took_us = clock_.now().monotonic_us - shown.began_us;
    shown.state = made ? BackupState::kDone : BackupState::kFailed;
    if (made)
      shown.facts = made.value();
    else
      shown.error = made.error().message;
  });
}

BackupStatus Backup::status() const {
  BackupStatus shown = status_.with([](const BackupStatus& status) { return status; });
  if (shown.state == BackupState::kRunning)
    shown.took_us = clock_.now().monotonic_us - shown.began_us;
  return shown;
}

void Backup::cancel() {
  const std::scoped_lock lock(mutex_);
  thread_.request_stop();
}

void Backup::stop() {
  std::jthread last;
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    thread_.request_stop();
    last.swap(thread_);
  }
  // `last` waits for its thread, without the lock: `start` and `cancel` need not.
}

}  // namespace meterbill
