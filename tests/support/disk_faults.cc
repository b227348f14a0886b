#include "support/disk_faults.h"

#include <sqlite3.h>

#include <cerrno>

#include "base/assert.h"

namespace meterbill {

void DiskFaults::arm(DiskFault fault, std::int64_t nth) {
  MB_ASSERT(nth >= 1);
  fault_ = fault;
  left_ = nth;
  struck_ = false;
}

/// Whether this operation goes wrong; `concerns`: it is of the kind that is counted.
bool DiskFaults::strikes(bool concerns) {
  if (!fault_ || !concerns) return false;
  const bool goes_on = *fault_ == DiskFault::kCrash || *fault_ == DiskFault::kFull;
  if (struck_) return goes_on;
  struck_ = --left_ == 0;
  return struck_;
}

std::optional<int> DiskFaults::before_open() {
  if (!strikes(fault_ == DiskFault::kCrash || fault_ == DiskFault::kOpenError)) return std::nullopt;
  errno = EIO;
  return SQLITE_CANTOPEN;
}

std::optional<int> DiskFaults::before_write() {
  const bool concerns =
      fault_ == DiskFault::kCrash || fault_ == DiskFault::kWriteError || fault_ == DiskFault::kFull;
  if (!strikes(concerns)) return std::nullopt;
  errno = fault_ == DiskFault::kFull ? ENOSPC : EIO;
  return fault_ == DiskFault::kFull ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

std::optional<int> DiskFaults::before_sync() {
  if (!strikes(fault_ == DiskFault::kCrash || fault_ == DiskFault::kSyncError)) return std::nullopt;
  errno = EIO;
  return SQLITE_IOERR_FSYNC;
}

}  // namespace meterbill
