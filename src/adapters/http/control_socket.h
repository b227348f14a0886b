#pragma once

#include <string>
#include <utility>

#include "base/result.h"

namespace meterbill {

/// A listening unix socket whose file mode is the permission: 0660, or what its unit says.
///
/// The mode is set before `listen`, so nobody connects while it is wider. A file left by a killed
/// service is removed only when it is a socket and nobody answers there; the file is removed at the
/// end only if it is still ours.
class ControlSocket {
 public:
  /// The longest path a unix socket can have on Linux (unix(7): 108 bytes with the ending NUL).
  static constexpr std::size_t kPathBytesMax = 107;

  /// kConfig: the path is empty, too long, or its folder is missing. kConflict: another service
  /// listens there, or something that is no socket stands there. kPermission, kIo.
  [[nodiscard]] static Result<ControlSocket> listen(const std::string& path);

  /// Takes over a listening unix socket that the service manager made, with its mode and its file,
  /// which stay the manager's.
  [[nodiscard]] static ControlSocket adopt(int descriptor) { return {"", descriptor}; }

  ControlSocket(ControlSocket&& other) noexcept
      : path_(std::move(other.path_)),
        descriptor_(std::exchange(other.descriptor_, -1)),
        inode_(std::exchange(other.inode_, 0)) {}
  ControlSocket& operator=(ControlSocket&&) = delete;
  ~ControlSocket();

  /// Hands the listening descriptor over; the file stays this object's.
  [[nodiscard]] int release_descriptor() { return std::exchange(descriptor_, -1); }

 private:
  ControlSocket(std::string path, int descriptor)
      : path_(std::move(path)), descriptor_(descriptor) {}

  std::string path_;
  int descriptor_ = -1;
  unsigned long inode_ = 0;  ///< 0: no file of ours
};

}  // namespace meterbill
