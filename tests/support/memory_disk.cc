#include "support/memory_disk.h"

#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <set>
#include <utility>

#include "base/assert.h"

namespace meterbill {
namespace {

constexpr std::int64_t kSector = 512;

/// All disks there are; SQLite's registration stands as long as there is one.
std::map<std::string, MemoryDisk*>& disks() {
  static std::map<std::string, MemoryDisk*> all;
  return all;
}

MemoryDisk* disk_of(const std::string& path) {
  for (const auto& [folder, disk] : disks())
    if (path.starts_with(folder)) return disk;
  return nullptr;
}

/// A file of ours as SQLite holds it. Temporary ones have no disk.
struct OpenFile {
  sqlite3_file base;
  MemoryDisk* disk;
  MemoryFile* file;
};

OpenFile& mine(sqlite3_file* file) { return *reinterpret_cast<OpenFile*>(file); }

int close_file(sqlite3_file* file) {
  if (mine(file).disk == nullptr) delete mine(file).file;
  return SQLITE_OK;
}

int read_file(sqlite3_file* file, void* into, int count, sqlite3_int64 at) {
  const std::string& now = mine(file).file->now;
  const auto wanted = static_cast<std::size_t>(count);
  const std::size_t from = std::min(static_cast<std::size_t>(at), now.size());
  const std::size_t there = std::min(wanted, now.size() - from);
  std::memcpy(into, now.data() + from, there);
  std::memset(static_cast<char*>(into) + there, 0, wanted - there);
  return there == wanted ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

/// Most writes go on where the last one ended.
void note_written(std::vector<SectorRange>& ranges, SectorRange written) {
  if (!ranges.empty() && ranges.back().begin <= written.begin && ranges.back().end >= written.begin)
    ranges.back().end = std::max(ranges.back().end, written.end);
  else
    ranges.push_back(written);
}

int write_file(sqlite3_file* file, const void* from, int count, sqlite3_int64 at) {
  const OpenFile& open = mine(file);
  if (open.disk != nullptr)
    if (const auto failure = open.disk->before_write()) return *failure;
  std::string& now = open.file->now;
  const std::size_t end = static_cast<std::size_t>(at) + static_cast<std::size_t>(count);
  if (now.size() < end) now.resize(end);
  std::memcpy(now.data() + at, from, static_cast<std::size_t>(count));
  note_written(open.file->unsynced, {at / kSector, (at + count + kSector - 1) / kSector});
  return SQLITE_OK;
}

int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  if (mine(file).disk != nullptr && mine(file).disk->is_dead()) return SQLITE_IOERR_TRUNCATE;
  mine(file).file->now.resize(static_cast<std::size_t>(size));
  return SQLITE_OK;
}

void copy_sectors(const std::string& from, std::string& to, SectorRange range) {
  const auto at = static_cast<std::size_t>(range.begin * kSector);
  if (at >= from.size()) return;
  const auto end = std::min(static_cast<std::size_t>(range.end * kSector), from.size());
  if (to.size() < end) to.resize(end);
  std::memcpy(to.data() + at, from.data() + at, end - at);
}

/// Each once, in order.
std::set<std::int64_t> sectors_of(const std::vector<SectorRange>& ranges) {
  std::set<std::int64_t> sectors;
  for (const SectorRange& range : ranges)
    for (std::int64_t sector = range.begin; sector < range.end; ++sector) sectors.insert(sector);
  return sectors;
}

int sync_file(sqlite3_file* file, int) {
  const OpenFile& open = mine(file);
  if (open.disk == nullptr) return SQLITE_OK;
  MemoryFile& content = *open.file;
  if (const auto failure = open.disk->before_sync()) {
    // A dead program's call never reached the kernel: the next one's sync still writes the sectors.
    if (open.disk->is_dead()) return *failure;
    content.forgotten.insert(content.forgotten.end(), content.unsynced.begin(),
                             content.unsynced.end());
    content.unsynced.clear();
    return *failure;
  }
  for (const SectorRange& range : content.unsynced)
    copy_sectors(content.now, content.synced, range);
  content.synced.resize(content.now.size());
  content.unsynced.clear();
  content.is_durable = true;
  return SQLITE_OK;
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
  *size = static_cast<sqlite3_int64>(mine(file).file->now.size());
  return SQLITE_OK;
}

// One program opens a file at a time, and its lock is LedgerLock's matter, not SQLite's.
int lock_file(sqlite3_file*, int) { return SQLITE_OK; }
int check_lock(sqlite3_file*, int* out) {
  *out = 0;
  return SQLITE_OK;
}
int file_control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int sector_size(sqlite3_file*) { return kSector; }
int characteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

int map_shared(sqlite3_file* file, int region, int size, int extend, void volatile** at) {
  std::vector<std::string>& shared = mine(file).file->shared;
  const auto index = static_cast<std::size_t>(region);
  *at = nullptr;
  if (index >= shared.size()) {
    if (extend == 0) return SQLITE_OK;
    // Regions must stay where they are when more are added.
    shared.reserve(64);
    MB_ASSERT(index < 64);
    shared.resize(index + 1);
  }
  if (shared[index].empty()) shared[index].resize(static_cast<std::size_t>(size));
  *at = shared[index].data();
  return SQLITE_OK;
}
int lock_shared(sqlite3_file*, int, int, int) { return SQLITE_OK; }
void barrier(sqlite3_file*) {}
int unmap_shared(sqlite3_file* file, int remove) {
  if (remove != 0) mine(file).file->shared.clear();
  return SQLITE_OK;
}

const sqlite3_io_methods kMethods{
    2,           close_file, read_file,    write_file,   truncate_file, sync_file,       file_size,
    lock_file,   lock_file,  check_lock,   file_control, sector_size,   characteristics, map_shared,
    lock_shared, barrier,    unmap_shared, nullptr,      nullptr};

sqlite3_vfs* below(sqlite3_vfs* vfs) { return static_cast<sqlite3_vfs*>(vfs->pAppData); }

int open_file(sqlite3_vfs* vfs, sqlite3_filename path, sqlite3_file* file, int flags, int* out) {
  MemoryDisk* const disk = path == nullptr ? nullptr : disk_of(path);
  if (path != nullptr && disk == nullptr)
    return below(vfs)->xOpen(below(vfs), path, file, flags, out);
  OpenFile& open = mine(file);
  open.base.pMethods = nullptr;
  if (disk == nullptr) {
    open = {{&kMethods}, nullptr, new MemoryFile};
    return SQLITE_OK;
  }
  if (const auto failure = disk->before_open()) return *failure;
  MemoryFile* content = disk->find(path);
  if (content == nullptr) {
    if ((flags & SQLITE_OPEN_CREATE) == 0) return SQLITE_CANTOPEN;
    content = &disk->create(path);
  }
  open = {{&kMethods}, disk, content};
  if (out != nullptr) *out = flags;
  return SQLITE_OK;
}

int delete_file(sqlite3_vfs* vfs, const char* path, int sync) {
  MemoryDisk* const disk = disk_of(path);
  if (disk == nullptr) return below(vfs)->xDelete(below(vfs), path, sync);
  if (disk->is_dead()) return SQLITE_IOERR_DELETE;
  if (disk->find(path) == nullptr) return SQLITE_IOERR_DELETE_NOENT;
  disk->remove(path);
  return SQLITE_OK;
}

int access_file(sqlite3_vfs* vfs, const char* path, int flags, int* out) {
  MemoryDisk* const disk = disk_of(path);
  if (disk == nullptr) return below(vfs)->xAccess(below(vfs), path, flags, out);
  const MemoryFile* const file = disk->find(path);
  // As the kernel's SQLite does: an empty file does not exist.
  *out = file != nullptr && (flags != SQLITE_ACCESS_EXISTS || !file->now.empty()) ? 1 : 0;
  return SQLITE_OK;
}

/// A path of ours is whole; Windows would put a drive before it.
int full_path(sqlite3_vfs* vfs, const char* path, int bytes_max, char* out) {
  if (disk_of(path) == nullptr) return below(vfs)->xFullPathname(below(vfs), path, bytes_max, out);
  sqlite3_snprintf(bytes_max, out, "%s", path);
  return SQLITE_OK;
}

sqlite3_vfs& registered() {
  static sqlite3_vfs vfs;
  return vfs;
}

void register_vfs() {
  sqlite3_vfs* const real = sqlite3_vfs_find(nullptr);
  sqlite3_vfs& vfs = registered();
  vfs = *real;  // what is not replaced goes straight to the one below, which ignores who asks
  vfs.szOsFile = std::max(real->szOsFile, static_cast<int>(sizeof(OpenFile)));
  vfs.zName = "meterbill-memory";
  vfs.pNext = nullptr;
  vfs.pAppData = real;
  vfs.xOpen = open_file;
  vfs.xDelete = delete_file;
  vfs.xAccess = access_file;
  vfs.xFullPathname = full_path;
  MB_ASSERT(sqlite3_vfs_register(&vfs, 1) == SQLITE_OK);
}

}  // namespace

MemoryDisk::MemoryDisk(std::string folder) : folder_(std::move(folder)) {
  MB_ASSERT(folder_.ends_with('/'));
  if (disks().empty()) register_vfs();
  MB_ASSERT(disks().emplace(folder_, this).second);
}

MemoryDisk::~MemoryDisk() {
  disks().erase(folder_);
  if (!disks().empty()) return;
  sqlite3_vfs_unregister(&registered());
  sqlite3_vfs_register(below(&registered()), 1);
}

MemoryFile* MemoryDisk::find(const std::string& path) {
  const auto found = files_.find(path);
  return found == files_.end() ? nullptr : &found->second;
}

void MemoryDisk::after_kill() {
  heal();
  for (auto& [path, file] : files_) file.shared.clear();
}

void MemoryDisk::after_power_cut(const std::function<bool()>& keep) {
  after_kill();
  std::erase_if(files_, [&](const auto& entry) { return !entry.second.is_durable && !keep(); });
  for (auto& [path, file] : files_) {
    std::string left = file.synced;
    for (const auto* const ranges : {&file.unsynced, &file.forgotten})
      for (const std::int64_t sector : sectors_of(*ranges))
        if (keep()) copy_sectors(file.now, left, {sector, sector + 1});
    // A truncation may have reached the disk or not.
    if (file.now.size() < file.synced.size() && keep()) left.resize(file.now.size());
    file.now = left;
    file.synced = std::move(left);
    file.unsynced.clear();
    file.forgotten.clear();
  }
}

}  // namespace meterbill
