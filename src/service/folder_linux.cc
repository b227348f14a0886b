#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "base/platform_words.h"
#include "service/folder.h"

namespace meterbill {
namespace {

constexpr mode_t kMode = 0750;

std::string text_of(int error) { return std::generic_category().message(error); }

Error not_writable(const std::string& path, std::string_view key, int error) {
  if (error == EROFS)
    return fail(Code::kPermission,
                fmt::format("{}: {} is read-only here: give the service's unit a drop-in with "
                            "ReadWritePaths={} ({}, \"Another disk\"), or set {} to another place",
                            key, path, path, kOperationsManual, key));
  return fail(Code::kPermission,
              fmt::format("{}: cannot write to {}: {}; give the service's user the right to write "
                          "there, or set {} to another place",
                          key, path, text_of(error), key));
}

Result<void> check(const std::string& path, std::string_view key) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0 || !S_ISDIR(status.st_mode))
    return fail(Code::kConfig,
                fmt::format("{}: {} is no folder; move it away, or set {} to another place", key,
                            path, key));
  if (faccessat(AT_FDCWD, path.c_str(), W_OK | X_OK, AT_EACCESS) != 0)
    return not_writable(path, key, errno);
  return ok();
}

}  // namespace

Result<void> prepare_folder(const std::string& path, std::string_view key) {
  if (mkdir(path.c_str(), kMode) == 0) return ok();
  switch (const int error = errno; error) {
    case EEXIST:
      return check(path, key);
    case EACCES:
    case EPERM:
    case EROFS:
      return not_writable(path, key, error);
    case ENOENT:
    case ENOTDIR:
      return fail(Code::kConfig,
                  fmt::format("{}: the folder in which {} would be does not exist; make it, or set "
                              "{} to another place",
                              key, path, key));
    default:
      return fail(error == ENOSPC ? Code::kDiskFull : Code::kIo,
                  fmt::format("{}: cannot make {}: {}", key, path, text_of(error)));
  }
}

Result<void> prepare_folder_of(const std::string& file, std::string_view key) {
  if (file.empty()) return ok();  // there is none
  const std::string folder = std::filesystem::path(file).parent_path().string();
  return prepare_folder(folder.empty() ? "." : folder, key);
}

}  // namespace meterbill
