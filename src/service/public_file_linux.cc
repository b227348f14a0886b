#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

#include "service/public_file.h"

namespace meterbill {
namespace {

constexpr mode_t kMode = 0644;

Error failure(const std::string& path, int error) {
  const Code code = error == EACCES || error == EPERM || error == EROFS ? Code::kPermission
                    : error == ENOENT || error == ENOTDIR               ? Code::kNotFound
                    : error == ENOSPC                                   ? Code::kDiskFull
                                                                        : Code::kIo;
  return fail(code, path + ": " + std::generic_category().message(error));
}

int write_all(int descriptor, const std::string& text) {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t wrote = write(descriptor, text.data() + done, text.size() - done);
    if (wrote < 0 && errno != EINTR) return errno;
    if (wrote > 0) done += static_cast<std::size_t>(wrote);
  }
  return fchmod(descriptor, kMode) == 0 ? 0 : errno;  // whatever the umask is
}

}  // namespace

Result<void> write_public_file(const std::string& path, const std::string& text) {
  const std::string partial = path + ".new";
  unlink(partial.c_str());  // of a run that was ended midway
  const int descriptor =
      open(partial.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kMode);
  if (descriptor < 0) return failure(path, errno);
  int error = write_all(descriptor, text);
  if (close(descriptor) != 0 && error == 0) error = errno;
  if (error == 0 && std::rename(partial.c_str(), path.c_str()) != 0) error = errno;
  if (error == 0) return ok();
  unlink(partial.c_str());
  return failure(path, error);
}

}  // namespace meterbill
