#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "support/disk_faults.h"

namespace meterbill {

/// Sectors [begin, end).
struct SectorRange {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

/// One file: what a reader sees, and what a power cut leaves.
struct MemoryFile {
  std::string now;
  std::string synced;
  std::vector<SectorRange> unsynced;  ///< of `now`, written since the last sync, in that order
  /// Of a sync that failed: the kernel takes them for written, and no later sync brings them to the
  /// disk unless they are written again.
  std::vector<SectorRange> forgotten;
  bool is_durable = false;          ///< it was synced once: its name survives a power cut
  std::vector<std::string> shared;  ///< the WAL's index: memory, gone with the process
};

/// A disk in memory under SQLite, for all files below one folder: what was written and what was
/// synced are told apart, so that a crash of the program and a power cut leave what they really may
/// leave: the latter any subset of the sectors written since the last sync.
///
/// While one exists, it is SQLite's default way to the disk, and the code under test opens its
/// files as ever; several may exist, each for a folder of its own. Names are all that is shared
/// with the real file system. One thread.
class MemoryDisk : public DiskFaults {
 public:
  /// `folder` ends in '/'.
  explicit MemoryDisk(std::string folder);
  MemoryDisk(const MemoryDisk&) = delete;
  MemoryDisk& operator=(const MemoryDisk&) = delete;
  ~MemoryDisk();

  [[nodiscard]] const std::string& folder() const { return folder_; }

  /// The process is gone, its files are closed: what the kernel has stays. `heal`s.
  void after_kill();
  /// The host is gone: of each file what was synced, and of each later sector one or the other as
  /// `keep` says, is left. `heal`s.
  void after_power_cut(const std::function<bool()>& keep);

  /// All files as they are, to be put back later: a snapshot, a restored image. No file may be
  /// open.
  [[nodiscard]] std::map<std::string, MemoryFile> image() const { return files_; }
  void restore(std::map<std::string, MemoryFile> image) { files_ = std::move(image); }

  // For the VFS methods.
  [[nodiscard]] MemoryFile* find(const std::string& path);
  MemoryFile& create(const std::string& path) { return files_[path]; }
  void remove(const std::string& path) { files_.erase(path); }

 private:
  std::string folder_;
  std::map<std::string, MemoryFile> files_;
};

}  // namespace meterbill
