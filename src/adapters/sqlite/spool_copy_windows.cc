#include <fmt/format.h>

#include <filesystem>

#include "adapters/sqlite/spool_copy.h"
#include "base/system_failure_windows.h"

namespace meterbill {
namespace {

// Where SQLite locks a database file, whatever its size: the shared bytes.
constexpr DWORD kSharedAt = 0x40000002;
constexpr DWORD kSharedBytes = 510;
constexpr int kNamesTried = 100;

/// The file, locked as SQLite's readers do while it lives: an agent has it alone.
class ReadLock {
 public:
  static Result<ReadLock> take(const std::string& path) {
    constexpr DWORD kShared = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
    ReadLock lock(CreateFileA(path.c_str(), GENERIC_READ, kShared, nullptr, OPEN_EXISTING,
                              FILE_ATTRIBUTE_NORMAL, nullptr));
    if (lock.file_ == INVALID_HANDLE_VALUE) return windows_failure(path);
    OVERLAPPED place{};
    place.Offset = kSharedAt;
    if (LockFileEx(lock.file_, LOCKFILE_FAIL_IMMEDIATELY, 0, kSharedBytes, 0, &place) != 0)
      return lock;
    if (GetLastError() != ERROR_LOCK_VIOLATION) return windows_failure("lock " + path);
    return fail(Code::kConflict,
                fmt::format("{} is in use by a running agent: `meterbill status` shows what waits "
                            "there; to look at each row, stop the agent first",
                            path));
  }
  ReadLock(ReadLock&& other) noexcept : file_(std::exchange(other.file_, INVALID_HANDLE_VALUE)) {}
  ReadLock& operator=(ReadLock&&) = delete;
  ~ReadLock() {
    if (file_ != INVALID_HANDLE_VALUE) CloseHandle(file_);
  }

 private:
  explicit ReadLock(HANDLE file) : file_(file) {}
  HANDLE file_;
};

Result<void> copy(const std::string& from, const std::string& to) {
  std::error_code error;
  std::filesystem::copy_file(from, to, error);
  if (error) return system_failure("copy " + from + " to " + to, error);
  return ok();
}

/// A folder that nobody had before.
Result<std::string> new_folder() {
  std::error_code error;
  const std::filesystem::path base = std::filesystem::temp_directory_path(error);
  for (int number = 0; !error && number < kNamesTried; ++number) {
    const auto folder = base / fmt::format("meterbill-spool-{}-{}", GetCurrentProcessId(), number);
    if (std::filesystem::create_directory(folder, error)) return folder.string();
  }
  return system_failure("a folder for a copy (TEMP says where)", error);
}

}  // namespace

Result<SpoolCopy> SpoolCopy::make(const std::string& spool) {
  MB_TRY(const ReadLock lock, ReadLock::take(spool));
  MB_TRY(std::string folder, new_folder());
  SpoolCopy made(std::move(folder));
  MB_TRYV(copy(spool, made.path()));
  std::error_code error;
  if (std::filesystem::exists(spool + "-wal", error)) {
    MB_TRYV(copy(spool + "-wal", made.path() + "-wal"));
  }
  return made;
}

SpoolCopy::~SpoolCopy() {
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

}  // namespace meterbill
