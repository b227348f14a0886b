#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace meterbill {

/// What goes wrong with a disk.
enum class DiskFault {
  kWriteError,  ///< EIO from the n-th write
  kSyncError,   ///< EIO from the n-th sync
  kOpenError,   ///< the n-th opening of a file fails
  kFull,        ///< no space from the n-th write on, until `heal`
  kCrash,       ///< the n-th write, sync or opening and everything after fails: the process is dead
};

/// "WriteError": as the names of tests have it.
[[nodiscard]] constexpr std::string_view to_string(DiskFault fault) {
  switch (fault) {
    case DiskFault::kWriteError:
      return "WriteError";
    case DiskFault::kSyncError:
      return "SyncError";
    case DiskFault::kOpenError:
      return "OpenError";
    case DiskFault::kFull:
      return "Full";
    case DiskFault::kCrash:
      return "Crash";
  }
  return "";
}

/// Counts what reaches a disk and says which of it goes wrong. One thread.
class DiskFaults {
 public:
  /// The n-th (from 1) operation of the kind from now on goes wrong.
  void arm(DiskFault fault, std::int64_t nth);
  void heal() { fault_.reset(); }
  /// Since `arm`.
  [[nodiscard]] bool has_struck() const { return struck_; }
  [[nodiscard]] bool is_dead() const { return struck_ && fault_ == DiskFault::kCrash; }

  // For the methods of SQLite's VFS; what goes wrong is SQLite's result, errno as the kernel's.
  [[nodiscard]] std::optional<int> before_open();
  [[nodiscard]] std::optional<int> before_write();
  [[nodiscard]] std::optional<int> before_sync();

 private:
  [[nodiscard]] bool strikes(bool concerns);

  std::optional<DiskFault> fault_;
  std::int64_t left_ = 0;
  bool struck_ = false;
};

}  // namespace meterbill
