#include "support/fault_vfs.h"

#include <sqlite3.h>

#include <optional>

#include "base/assert.h"

namespace meterbill {
namespace {

/// A file of ours: SQLite's own file object follows it in the same memory.
struct FaultFile {
  sqlite3_file base;
  FaultVfs* faults;
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
int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  return below(file)->pMethods->xTruncate(below(file), size);
}
int sync_file(sqlite3_file* file, int) {
  // The disk itself is not asked: nobody looks at what it would keep, and it takes time.
  return mine(file).faults->before_sync().value_or(SQLITE_OK);
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
  if (const auto failure = owner().before_open()) {
    ours.base.pMethods = nullptr;
    return *failure;
  }
  ours.faults = &owner();
  ours.below = reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(file) + sizeof(FaultFile));
  const int result = below(vfs)->xOpen(below(vfs), path, ours.below, flags, out);
  ours.base.pMethods = ours.below->pMethods != nullptr ? &kMethods : nullptr;
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
  MB_ASSERT(sqlite3_vfs_register(&vfs, 1) == SQLITE_OK);
}

FaultVfs::~FaultVfs() {
  sqlite3_vfs_unregister(&registered().vfs);
  sqlite3_vfs_register(below_, 1);
  registered().owner = nullptr;
}

}  // namespace meterbill
