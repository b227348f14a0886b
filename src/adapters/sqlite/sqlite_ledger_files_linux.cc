#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "adapters/sqlite/sqlite_ledger_files.h"
#include "base/system_failure.h"

namespace meterbill {
namespace {

// Not in linux/magic.h of every kernel; statfs(2).
constexpr unsigned long kCifsMagic = 0xFF534D42;
constexpr unsigned long kSmb2Magic = 0xFE534D42;
constexpr unsigned long kNfsMagic = 0x6969;

/// A descriptor that is closed.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

std::string lock_path(const std::string& ledger) {
  return std::filesystem::path(ledger).replace_extension(".lock").string();
}

std::string folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

bool is_network(int fd) {
  struct statfs facts {};
  if (fstatfs(fd, &facts) != 0) return false;
  const auto type = static_cast<unsigned long>(facts.f_type) & 0xFFFFFFFFUL;
  return type == kNfsMagic || type == SMB_SUPER_MAGIC || type == kCifsMagic || type == kSmb2Magic;
}

std::string holder(int fd) {
  std::array<char, 32> text{};
  const ssize_t got = pread(fd, text.data(), text.size() - 1, 0);
  const std::string pid(text.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
  if (pid.empty() || pid.find_first_not_of("0123456789\n") != std::string::npos)
    return "another process";
  return "process " + pid.substr(0, pid.find('\n'));
}

}  // namespace

Result<LedgerLock> LedgerLock::take(const std::string& ledger) {
  const std::string path = lock_path(ledger);
  Descriptor file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640));
  if (file.get() < 0) return system_failure(path, errno);
  if (is_network(file.get()))
    return fail(Code::kRefused, fmt::format("{} is on a network file system, whose locks cannot be "
                                            "relied on; keep the ledger on a local disk",
                                            folder_of(ledger)));
  if (flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return system_failure(path, errno);
    // Shared by readers, whose ids are not in the file?
    if (flock(file.get(), LOCK_SH | LOCK_NB) == 0)
      return fail(Code::kConflict, ledger + " is being read; start again when that has ended");
    return fail(Code::kConflict,
                fmt::format("{} is in use by {}; stop it first, or give this one its own folder",
                            ledger, holder(file.get())));
  }
  // Only for the message above: a full disk must not keep a ledger from being opened.
  const std::string pid = fmt::format("{}\n", getpid());
  if (ftruncate(file.get(), 0) == 0)
    static_cast<void>(!pwrite(file.get(), pid.data(), pid.size(), 0));
  return LedgerLock(file.release());
}

Result<std::optional<LedgerLock>> LedgerLock::share(const std::string& ledger) {
  const std::string path = lock_path(ledger);
  Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0 && errno == ENOENT) return std::optional<LedgerLock>();
  if (file.get() < 0) return system_failure(path, errno);
  if (flock(file.get(), LOCK_SH | LOCK_NB) == 0)
    return std::optional<LedgerLock>(LedgerLock(file.release()));
  if (errno != EWOULDBLOCK) return system_failure(path, errno);
  return fail(Code::kConflict, fmt::format("{} is in use by {}, which is running: ask that one, "
                                           "with --server URL, or stop it first",
                                           ledger, holder(file.get())));
}

LedgerLock::~LedgerLock() {
  if (file_ >= 0) close(static_cast<int>(file_));
}

Result<void> check_writable(const std::string& folder) {
  if (faccessat(AT_FDCWD, folder.c_str(), W_OK | X_OK, AT_EACCESS) == 0) return ok();
  return fail(Code::kPermission,
              fmt::format("{}: {}; the worker writes with the rights of its own user, and as an "
                          "installed service only to /var/backups/meterbill and its state folder",
                          folder, std::generic_category().message(errno)));
}

Result<void> sync_file(const std::string& path) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0 || fsync(file.get()) != 0) return system_failure("sync " + path, errno);
  return ok();
}

Result<void> name_file(const std::string& from, const std::string& to, bool replace) {
  // Fails when the name is taken, also by one who came just now.
  const unsigned how = replace ? 0 : RENAME_NOREPLACE;
  int done = renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), how);
  if (done != 0 && errno == EINVAL && !replace) {
    // NFS cannot do that in one step; a link is refused there when the name is taken.
    done = link(from.c_str(), to.c_str());
    if (done == 0) done = unlink(from.c_str());
  }
  if (done != 0) return system_failure(to, errno);
  return sync_file(folder_of(to));
}

}  // namespace meterbill
