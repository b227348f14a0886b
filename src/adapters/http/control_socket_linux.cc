#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "adapters/http/control_socket.h"

namespace meterbill {
namespace {

constexpr mode_t kMode = 0660;
constexpr int kBacklog = 16;

Error failure(int error, const std::string& what) {
  const Code code = error == EACCES || error == EPERM     ? Code::kPermission
                    : error == ENOENT || error == ENOTDIR ? Code::kConfig
                                                          : Code::kIo;
  std::string message = what + ": " + std::strerror(error);
  if (code == Code::kConfig) message += "; the folder must exist";
  if (code == Code::kPermission) message += "; the service's user must own the folder";
  return fail(code, std::move(message));
}

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

int call(int (*use)(int, const sockaddr*, socklen_t), int descriptor, const std::string& path) {
  const sockaddr_un address = address_of(path);
  return use(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
}

/// Whether somebody accepts connections at the path.
Result<bool> is_answered(const std::string& path) {
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (probe < 0) return failure(errno, "socket");
  const int error = call(&::connect, probe, path) == 0 ? 0 : errno;
  ::close(probe);
  // EAGAIN: its queue is full, so somebody owns it. Any other error: we cannot know, so leave it.
  if (error == ECONNREFUSED) return false;
  if (error == 0 || error == EAGAIN || error == EINPROGRESS) return true;
  return failure(error, "look at what is there");
}

Result<void> remove_stale(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return ok();
    return failure(errno, "look at what is there");
  }
  if (!S_ISSOCK(status.st_mode)) {
    return fail(Code::kConflict, "something that is no socket stands there: move it away");
  }
  MB_TRY(const bool answered, is_answered(path));
  if (answered) {
    return fail(Code::kConflict, "another service listens there: stop it, or set another path");
  }
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return failure(errno, "remove stale socket");
  return ok();
}

}  // namespace

Result<ControlSocket> ControlSocket::listen(const std::string& path) {
  const std::string what = "control socket " + path;
  if (path.empty() || path.size() > kPathBytesMax || path.find('\0') != std::string::npos) {
    return fail(Code::kConfig, what + ": a path of 1 to 107 bytes is needed");
  }
  MB_TRYV(in(what, remove_stale(path)));
  const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return failure(errno, what);
  ControlSocket socket(path, descriptor);
  if (call(&::bind, descriptor, path) != 0) {
    if (errno == EADDRINUSE) return fail(Code::kConflict, what + ": another service was faster");
    return failure(errno, what);
  }
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return failure(errno, what);
  socket.inode_ = status.st_ino;
  if (::chmod(path.c_str(), kMode) != 0) return failure(errno, what + ": set its mode");
  if (::listen(descriptor, kBacklog) != 0) return failure(errno, what);
  return socket;
}

ControlSocket::~ControlSocket() {
  if (descriptor_ >= 0) ::close(descriptor_);
  struct stat status {};
  if (inode_ != 0 && ::lstat(path_.c_str(), &status) == 0 && status.st_ino == inode_) {
    ::unlink(path_.c_str());
  }
}

}  // namespace meterbill
