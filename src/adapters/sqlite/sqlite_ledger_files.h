#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/result.h"

namespace meterbill {

/// The right to a ledger, which one process has that writes, or some that only read: a lock on
/// `ledger.lock` beside it.
///
/// Not SQLite's own locks: those let a second program write between two of our transactions, and
/// two connections that write or checkpoint can damage the file (SQLite before 3.51.3). The kernel
/// drops this lock with the process, so nothing stale is left.
class LedgerLock {
 public:
  /// `ledger`: path of the database. kConflict names the process that holds it and what to do;
  /// kRefused when it lies on a network file system, whose locks cannot be relied on.
  [[nodiscard]] static Result<LedgerLock> take(const std::string& ledger);
  /// For reading: several may have it, and then nobody can `take` it. Changes nothing on disk:
  /// without a `ledger.lock` no worker has ever used the file, and there is nothing to keep out.
  [[nodiscard]] static Result<std::optional<LedgerLock>> share(const std::string& ledger);
  LedgerLock(LedgerLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  LedgerLock& operator=(LedgerLock&&) = delete;
  ~LedgerLock();

 private:
  explicit LedgerLock(std::intptr_t file) : file_(file) {}
  std::intptr_t file_;  ///< Linux: a descriptor; Windows: a handle. -1: none
};

/// kPermission unless this process may make a file in the folder. SQLite would say less.
[[nodiscard]] Result<void> check_writable(const std::string& folder);

/// fsync of a file that no connection has open: closing any descriptor of an open database would
/// drop SQLite's locks on it.
[[nodiscard]] Result<void> sync_file(const std::string& path);

/// Gives the file `from` the name `to`, durably. kConflict when `to` exists and is not to be
/// replaced.
[[nodiscard]] Result<void> name_file(const std::string& from, const std::string& to, bool replace);

}  // namespace meterbill
