#include <cerrno>

#include "base/disk_full.h"
#include "base/system_failure.h"

namespace meterbill {

std::error_code native_error(int number) { return {number, std::generic_category()}; }

bool is_disk_full(std::error_code error) { return error == native_error(EDQUOT); }

}  // namespace meterbill
