#include <fmt/format.h>

#include <filesystem>
#include <system_error>

#include "base/system_failure_windows.h"
#include "service/folder.h"

namespace meterbill {
namespace {

/// What a folder lets us do is known for sure only when it is done: rights come from many lists.
Result<void> try_to_write(const std::string& path, std::string_view key) {
  const std::string probe = (std::filesystem::path(path) / "meterbill-probe.tmp").string();
  const HANDLE file = CreateFileA(probe.c_str(), GENERIC_WRITE, 0, nullptr, CREATE_ALWAYS,
                                  FILE_ATTRIBUTE_TEMPORARY | FILE_FLAG_DELETE_ON_CLOSE, nullptr);
  if (file != INVALID_HANDLE_VALUE) {
    CloseHandle(file);
    return ok();
  }
  Error error = windows_failure(fmt::format("{}: cannot write to {}", key, path));
  if (error.code == Code::kPermission)
    error.message += fmt::format(
        "; as an administrator run: meterbill service configure, or set {} to another place", key);
  return error;
}

}  // namespace

Result<void> prepare_folder(const std::string& path, std::string_view key) {
  std::error_code error;
  if (std::filesystem::create_directory(path, error)) return ok();
  if (!error || std::filesystem::is_directory(path)) return try_to_write(path, key);
  if (std::filesystem::exists(path))
    return fail(Code::kConfig,
                fmt::format("{}: {} is no folder; move it away, or set {} to another place", key,
                            path, key));
  Error failure = system_failure(fmt::format("{}: cannot make {}", key, path), error);
  if (failure.code == Code::kNotFound)
    return fail(Code::kConfig,
                fmt::format("{}: the folder in which {} would be does not exist; make it, or set "
                            "{} to another place",
                            key, path, key));
  return failure;
}

// The control channel is a named pipe, which is in no folder.
Result<void> prepare_folder_of(const std::string& /*file*/, std::string_view /*key*/) {
  return ok();
}

}  // namespace meterbill
