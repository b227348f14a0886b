#include "support/fault_vfs.h"

#include <sqlite3.h>

#include <filesystem>
#include <fstream>
#include <utility>

#include "base/assert.h"

namespace meterbill {
namespace {

/// A file of ours: SQLite's own file object follows it in the same memory.
struct FaultFile {
  sqlite3_file base;
  FaultVfs* faults;
  const char* path;  // owned by SQLite, lives as long as the file; null for temporary files
  sqlite3_file* below;
};

FaultFile& mine(sqlite3_file* file) { return *reinterpret_cast<FaultFile*>(file); }
sqlite3_file* below(sqlite3_file* file) { return mine(file).below; }
sqlite3_vfs* below(sqlite3_vfs* vfs) { return static_cast<sqlite3_vfs*>(vfs->pAppData); }

int close_file(sqlite3_file* file) { return below(file)->pMethods->xClose(below(file)); }
int read_file(sqlite3_file* file, void* into, int count, sqlite3_int64 at) {
  return below(file)->pMethods->xRead(below(file), into, count, at);
}
int write_file(sqlite3_file* file, const void* from, int count, sqlite3_int64 at) {
  if (const auto failure = mine(file).faults->before_write()) return *failure;
  return below(file)->pMethods->xWrite(below(file), from, count, at);
}
/// Read through the open file: opening and closing it here would drop SQLite's locks on it.
std::string content(sqlite3_file* file) {
  sqlite3_int64 size = 0;
  MB_ASSERT(file->pMethods->xFileSize(file, &size) == SQLITE_OK);
  std::string bytes(static_cast<std::size_t>(size), '\0');
  if (size > 0)
    MB_ASSERT(file->pMethods->xRead(file, bytes.data(), static_cast<int>(size), 0) == SQLITE_OK);
  return bytes;
}
int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  if (mine(file).faults->is_dead()) return SQLITE_IOERR_TRUNCATE;
  return below(file)->pMethods->xTruncate(below(file), size);
}
int sync_file(sqlite3_file* file, int) {
  if (const auto failure = mine(file).faults->before_sync()) return *failure;
  // The disk itself is not asked: `power_cut` is what a sync is good for here, and takes no time.
  if (mine(file).path != nullptr) mine(file).faults->synced(mine(file).path, content(below(file)));
  return SQLITE_OK;
}
int file_size(sqlite3_file* file, sqlite3_int64* size) {
  return below(file)->pMethods->xFileSize(below(file), size);
}
int lock_file(sqlite3_file* file, int level) {
  return below(file)->pMethods->xLock(below(file), level);
}
int unlock_file(sqlite3_file* file, int level) {
  return below(file)->pMethods->xUnlock(below(file), level);
}
int check_lock(sqlite3_file* file, int* out) {
  return below(file)->pMethods->xCheckReservedLock(below(file), out);
}
int file_control(sqlite3_file* file, int what, void* argument) {
  return below(file)->pMethods->xFileControl(below(file), what, argument);
}
int sector_size(sqlite3_file* file) { return below(file)->pMethods->xSectorSize(below(file)); }
int characteristics(sqlite3_file* file) {
  return below(file)->pMethods->xDeviceCharacteristics(below(file));
}
int map_shared(sqlite3_file* file, int region, int size, int extend, void volatile** at) {
  return below(file)->pMethods->xShmMap(below(file), region, size, extend, at);
}
int lock_shared(sqlite3_file* file, int offset, int count, int flags) {
  return below(file)->pMethods->xShmLock(below(file), offset, count, flags);
}
void barrier(sqlite3_file* file) { below(file)->pMethods->xShmBarrier(below(file)); }
int unmap_shared(sqlite3_file* file, int remove) {
  return below(file)->pMethods->xShmUnmap(below(file), remove);
}

const sqlite3_io_methods kMethods{2,
                                  close_file,
                                  read_file,
                                  write_file,
                                  truncate_file,
                                  sync_file,
                                  file_size,
                                  lock_file,
                                  unlock_file,
                                  check_lock,
                                  file_control,
                                  sector_size,
                                  characteristics,
                                  map_shared,
                                  lock_shared,
                                  barrier,
                                  unmap_shared,
                                  nullptr,
                                  nullptr};

/// The object registered, with a way back to its owner.
struct RegisteredVfs {
  sqlite3_vfs vfs{};
  FaultVfs* owner = nullptr;
};
RegisteredVfs& registered() {
  static RegisteredVfs object;
  return object;
}
FaultVfs& owner() {
  MB_ASSERT(registered().owner != nullptr);
  return *registered().owner;
}

int open_file(sqlite3_vfs* vfs, sqlite3_filename path, sqlite3_file* file, int flags, int* out) {
  FaultFile& ours = mine(file);
  ours.faults = &owner();
  ours.path = path;
  ours.below = reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(file) + sizeof(FaultFile));
  const int result = below(vfs)->xOpen(below(vfs), path, ours.below, flags, out);
  ours.base.pMethods = ours.below->pMethods != nullptr ? &kMethods : nullptr;
  if (result != SQLITE_OK) return result;
  MB_ASSERT(ours.below->pMethods != nullptr);
  if (path != nullptr) ours.faults->opened(path, content(ours.below));
  return result;
}
int delete_file(sqlite3_vfs* vfs, const char* path, int sync) {
  if (owner().is_dead()) return SQLITE_IOERR_DELETE;
  const int result = below(vfs)->xDelete(below(vfs), path, sync);
  if (result == SQLITE_OK) owner().removed(path);
  return result;
}

}  // namespace

FaultVfs::FaultVfs() : below_(sqlite3_vfs_find(nullptr)) {
  MB_ASSERT(registered().owner == nullptr);
  registered().owner = this;
  sqlite3_vfs& vfs = registered().vfs;
  vfs = *below_;  // what is not replaced goes straight to the one below, which ignores who asks
  vfs.szOsFile = static_cast<int>(sizeof(FaultFile)) + below_->szOsFile;
  vfs.zName = name_.c_str();
  vfs.pNext = nullptr;
  vfs.pAppData = below_;
  vfs.xOpen = open_file;
  vfs.xDelete = delete_file;
  MB_ASSERT(sqlite3_vfs_register(&vfs, 1) == SQLITE_OK);
}

FaultVfs::~FaultVfs() {
  sqlite3_vfs_unregister(&registered().vfs);
  sqlite3_vfs_register(below_, 1);
  registered().owner = nullptr;
}

void FaultVfs::arm(Fault fault, std::int64_t nth) {
  fault_ = fault;
  left_ = nth;
  struck_ = false;
}

void FaultVfs::heal() { fault_.reset(); }

bool FaultVfs::strikes(bool is_sync) {
  if (!fault_) return false;
  const bool concerns = *fault_ == Fault::kCrash || is_sync == (*fault_ == Fault::kSyncError);
  if (!concerns) return false;
  const bool goes_on = *fault_ == Fault::kCrash || *fault_ == Fault::kDiskFull;
  if (struck_) return goes_on;
  struck_ = --left_ == 0;
  return struck_;
}

std::optional<int> FaultVfs::before_write() {
  ++writes_;
  if (!strikes(false)) return std::nullopt;
  return *fault_ == Fault::kDiskFull ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

std::optional<int> FaultVfs::before_sync() {
  ++syncs_;
  if (!strikes(true)) return std::nullopt;
  return SQLITE_IOERR_FSYNC;
}

void FaultVfs::opened(const std::string& path, const std::string& content) {
  durable_.try_emplace(path, content);
}
void FaultVfs::synced(const std::string& path, std::string content) {
  durable_.insert_or_assign(path, std::move(content));
}
void FaultVfs::removed(const std::string& path) { durable_.erase(path); }

void FaultVfs::power_cut() {
  for (const auto& [path, bytes] : durable_) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << bytes;
    // The WAL index is memory, gone with the power.
    std::error_code ignored;
    std::filesystem::remove(path + "-shm", ignored);
  }
}

}  // namespace meterbill
