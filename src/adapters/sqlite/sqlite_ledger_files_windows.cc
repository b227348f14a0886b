#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "adapters/sqlite/sqlite_ledger_files.h"
#include "base/system_failure_windows.h"

namespace meterbill {
namespace {

// Far behind the process id that the file holds: what is locked, others cannot read.
constexpr DWORD kLockedAt = 0x40000000;

HANDLE handle_of(std::intptr_t file) { return reinterpret_cast<HANDLE>(file); }

class Handle {
 public:
  explicit Handle(HANDLE handle) : handle_(handle) {}
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    if (is_open()) CloseHandle(handle_);
  }
  [[nodiscard]] bool is_open() const { return handle_ != INVALID_HANDLE_VALUE; }
  [[nodiscard]] HANDLE get() const { return handle_; }
  [[nodiscard]] std::intptr_t release() {
    return reinterpret_cast<std::intptr_t>(std::exchange(handle_, INVALID_HANDLE_VALUE));
  }

 private:
  HANDLE handle_;
};

std::string lock_path(const std::string& ledger) {
  return std::filesystem::path(ledger).replace_extension(".lock").string();
}

std::string folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

/// GetDriveType takes the root of a drive or share, with the backslash behind it.
bool is_network(const std::string& path) {
  std::array<char, MAX_PATH + 1> root{};
  if (GetVolumePathNameA(path.c_str(), root.data(), MAX_PATH) == 0) return false;
  return GetDriveTypeA(root.data()) == DRIVE_REMOTE;
}

HANDLE open_lock(const std::string& path, DWORD access, DWORD how) {
  constexpr DWORD kShared = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
  return CreateFileA(path.c_str(), access, kShared, nullptr, how, FILE_ATTRIBUTE_NORMAL, nullptr);
}

bool lock(HANDLE file, DWORD how) {
  OVERLAPPED place{};
  place.Offset = kLockedAt;
  return LockFileEx(file, how | LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &place) != 0;
}

bool is_held_by_another() { return GetLastError() == ERROR_LOCK_VIOLATION; }

std::string holder(HANDLE file) {
  std::array<char, 32> text{};
  DWORD got = 0;
  OVERLAPPED start{};
  if (ReadFile(file, text.data(), text.size() - 1, &got, &start) == 0) got = 0;
  const std::string pid(text.data(), got);
  if (pid.empty() || pid.find_first_not_of("0123456789\n") != std::string::npos)
    return "another process";
  return "process " + pid.substr(0, pid.find('\n'));
}

/// Only for the message above: a full disk must not keep a ledger from being opened.
void note_process(HANDLE file) {
  const std::string pid = fmt::format("{}\n", GetCurrentProcessId());
  DWORD wrote = 0;
  OVERLAPPED start{};
  if (SetFilePointer(file, 0, nullptr, FILE_BEGIN) == 0 && SetEndOfFile(file) != 0)
    WriteFile(file, pid.data(), static_cast<DWORD>(pid.size()), &wrote, &start);
}

}  // namespace

Result<LedgerLock> LedgerLock::take(const std::string& ledger) {
  const std::string path = lock_path(ledger);
  Handle file(open_lock(path, GENERIC_READ | GENERIC_WRITE, OPEN_ALWAYS));
  if (!file.is_open()) return windows_failure(path);
  if (is_network(path))
    return fail(Code::kRefused, fmt::format("{} is on a network drive, whose locks cannot be "
                                            "relied on; keep the ledger on a local disk",
                                            folder_of(ledger)));
  if (!lock(file.get(), LOCKFILE_EXCLUSIVE_LOCK)) {
    if (!is_held_by_another()) return windows_failure(path);
    // Shared by readers, whose ids are not in the file?
    if (lock(file.get(), 0))
      return fail(Code::kConflict, ledger + " is being read; start again when that has ended");
    return fail(Code::kConflict,
                fmt::format("{} is in use by {}; stop it first, or give this one its own folder",
                            ledger, holder(file.get())));
  }
  note_process(file.get());
  return LedgerLock(file.release());
}

Result<std::optional<LedgerLock>> LedgerLock::share(const std::string& ledger) {
  const std::string path = lock_path(ledger);
  Handle file(open_lock(path, GENERIC_READ, OPEN_EXISTING));
  if (!file.is_open() && GetLastError() == ERROR_FILE_NOT_FOUND) return std::optional<LedgerLock>();
  if (!file.is_open()) return windows_failure(path);
  if (lock(file.get(), 0)) return std::optional<LedgerLock>(LedgerLock(file.release()));
  if (!is_held_by_another()) return windows_failure(path);
  return fail(Code::kConflict, fmt::format("{} is in use by {}, which is running: ask that one, "
                                           "with --server URL, or stop it first",
                                           ledger, holder(file.get())));
}

// Windows drops the lock with the handle.
LedgerLock::~LedgerLock() {
  if (file_ != -1) CloseHandle(handle_of(file_));
}

Result<void> check_writable(const std::string& folder) {
  const std::string probe = (std::filesystem::path(folder) / "meterbill-probe.tmp").string();
  const Handle file(CreateFileA(probe.c_str(), GENERIC_WRITE, 0, nullptr, CREATE_ALWAYS,
                                FILE_ATTRIBUTE_TEMPORARY | FILE_FLAG_DELETE_ON_CLOSE, nullptr));
  if (file.is_open()) return ok();
  Error error = windows_failure(folder);
  if (error.code == Code::kPermission)
    error.message += "; the worker writes with the rights of its own account";
  return error;
}

Result<void> sync_file(const std::string& path) {
  const Handle file(CreateFileA(path.c_str(), GENERIC_READ | GENERIC_WRITE,
                                FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, nullptr,
                                OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, nullptr));
  if (!file.is_open() || FlushFileBuffers(file.get()) == 0) return windows_failure("sync " + path);
  return ok();
}

// MOVEFILE_WRITE_THROUGH: returns when the new name is on the disk.
Result<void> name_file(const std::string& from, const std::string& to, bool replace) {
  const DWORD how = MOVEFILE_WRITE_THROUGH | (replace ? MOVEFILE_REPLACE_EXISTING : 0U);
  if (MoveFileExA(from.c_str(), to.c_str(), how) == 0) return windows_failure(to);
  return ok();
}

}  // namespace meterbill
