#include "base/system_failure_windows.h"

#include "base/disk_full.h"

namespace meterbill {
namespace {

constexpr int kQuota = 1'295;  ///< ERROR_DISK_QUOTA_EXCEEDED, which mingw-w64 lacks

}  // namespace

std::error_code native_error(int number) { return {number, std::system_category()}; }

// libstdc++ 12 translates none of them.
bool is_disk_full(std::error_code error) {
  return error == native_error(ERROR_DISK_FULL) || error == native_error(ERROR_HANDLE_DISK_FULL) ||
         error == native_error(kQuota);
}

}  // namespace meterbill
