#include "base/system_failure.h"

#include "base/disk_full.h"

namespace meterbill {
Code failure_code(std::error_code error) {
  using enum std::errc;
  if (error == no_space_on_device || is_disk_full(error)) return Code::kDiskFull;
  if (error == permission_denied || error == operation_not_permitted ||
      error == read_only_file_system)
    return Code::kPermission;
  if (error == no_such_file_or_directory || error == not_a_directory) return Code::kNotFound;
  if (error == file_exists) return Code::kConflict;
  return Code::kIo;
}

Error system_failure(const std::string& what, std::error_code error) {
  return fail(failure_code(error), what + ": " + error.message());
}

}  // namespace meterbill
