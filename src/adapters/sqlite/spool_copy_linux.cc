#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "adapters/sqlite/spool_copy.h"
#include "base/system_failure.h"

namespace meterbill {
namespace {

// Where SQLite locks a database file, whatever its size: the pending, reserved and shared bytes.
constexpr off_t kLockedAt = 0x40000000;
constexpr off_t kLockedBytes = 512;

/// The file, locked as SQLite's readers do while it lives: an agent has it alone.
class ReadLock {
 public:
  static Result<ReadLock> take(const std::string& path) {
    ReadLock lock(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (lock.fd_ < 0) return system_failure(path, errno);
    struct flock range {};
    range.l_type = F_RDLCK;
    range.l_whence = SEEK_SET;
    range.l_start = kLockedAt;
    range.l_len = kLockedBytes;
    if (fcntl(lock.fd_, F_OFD_SETLK, &range) == 0) return lock;
    if (errno != EAGAIN && errno != EACCES) return system_failure("lock " + path, errno);
    return fail(Code::kConflict,
                fmt::format("{} is in use by a running agent: `meterbill status` shows what waits "
                            "there; to look at each row, stop the agent first",
                            path));
  }
  ReadLock(ReadLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  ReadLock& operator=(ReadLock&&) = delete;
  ~ReadLock() {
    if (fd_ >= 0) close(fd_);
  }

 private:
  explicit ReadLock(int fd) : fd_(fd) {}
  int fd_;
};

Result<void> copy(const std::string& from, const std::string& to) {
  std::error_code error;
  std::filesystem::copy_file(from, to, error);
  if (error) return system_failure("copy " + from + " to " + to, error);
  return ok();
}

}  // namespace

Result<SpoolCopy> SpoolCopy::make(const std::string& spool) {
  MB_TRY(const ReadLock lock, ReadLock::take(spool));
  std::error_code error;
  std::string folder = (std::filesystem::temp_directory_path(error) / "meterbill-spool-XXXXXX");
  if (error || mkdtemp(folder.data()) == nullptr)
    return system_failure("a folder for a copy (TMPDIR says where)", error ? error.value() : errno);
  SpoolCopy made(std::move(folder));
  MB_TRYV(copy(spool, made.path()));
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
