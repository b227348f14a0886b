#include <cstdio>
#include <filesystem>

#include "base/system_failure_windows.h"
#include "service/public_file.h"

namespace meterbill {
namespace {

Result<void> write_all(HANDLE file, const std::string& path, const std::string& text) {
  DWORD wrote = 0;
  // All of it or an error: WriteFile to a file that is not overlapped.
  if (WriteFile(file, text.data(), static_cast<DWORD>(text.size()), &wrote, nullptr) == 0)
    return windows_failure(path);
  return ok();
}

}  // namespace

Result<void> write_public_file(const std::string& path, const std::string& text) {
  const std::string partial = path + ".new";
  // Also one of a run that was ended midway.
  const HANDLE file = CreateFileA(partial.c_str(), GENERIC_WRITE, 0, nullptr, CREATE_ALWAYS,
                                  FILE_ATTRIBUTE_NORMAL, nullptr);
  if (file == INVALID_HANDLE_VALUE) return windows_failure(path);
  auto written = write_all(file, path, text);
  CloseHandle(file);
  if (written && MoveFileExA(partial.c_str(), path.c_str(), MOVEFILE_REPLACE_EXISTING) == 0)
    written = windows_failure(path);
  if (!written) DeleteFileA(partial.c_str());
  return written;
}

}  // namespace meterbill
