#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

struct sqlite3_vfs;

namespace meterbill {

/// What goes wrong.
enum class Fault {
  kWriteError,  ///< EIO from the n-th write
  kDiskFull,    ///< no space from the n-th write on, until `heal`
  kSyncError,   ///< EIO from the n-th sync
  kCrash,       ///< the n-th write or sync and everything after fails, as if the process had died
};

/// SQLite's default way to the disk, with faults: registered as the default while this object
/// lives, so that the code under test opens its files as ever. It remembers what was synced:
/// `power_cut` then leaves of each file only that. One at a time; one thread.
class FaultVfs {
 public:
  FaultVfs();
  FaultVfs(const FaultVfs&) = delete;
  FaultVfs& operator=(const FaultVfs&) = delete;
  ~FaultVfs();

  /// The n-th (from 1) operation of the kind from now on goes wrong.
  void arm(Fault fault, std::int64_t nth);
  void heal();
  [[nodiscard]] bool has_struck() const { return struck_; }
  [[nodiscard]] std::int64_t writes() const { return writes_; }
  [[nodiscard]] std::int64_t syncs() const { return syncs_; }

  /// Gives every file the content of its last successful sync. No connection may be open.
  void power_cut();

  // For the VFS methods.
  [[nodiscard]] std::optional<int> before_write();
  [[nodiscard]] std::optional<int> before_sync();
  [[nodiscard]] bool is_dead() const { return struck_ && fault_ == Fault::kCrash; }
  void opened(const std::string& path, const std::string& content);
  void synced(const std::string& path, std::string content);
  void removed(const std::string& path);

 private:
  [[nodiscard]] bool strikes(bool is_sync);

  std::string name_ = "meterbill-faults";
  sqlite3_vfs* below_;
  std::map<std::string, std::string> durable_;  // content as of the last sync, by path
  std::optional<Fault> fault_;
  std::int64_t left_ = 0;
  bool struck_ = false;
  std::int64_t writes_ = 0;
  std::int64_t syncs_ = 0;
};

}  // namespace meterbill
