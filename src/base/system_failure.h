#pragma once

#include <string>
#include <system_error>

#include "base/result.h"

namespace meterbill {

/// A number that a call of the operating system left: errno, or GetLastError of Windows.
[[nodiscard]] std::error_code native_error(int number);

/// What the operating system refused, as one of our codes: kDiskFull, kPermission, kNotFound (also
/// of a folder on the way), kConflict (it exists), kIo. The message is `what: the system's words`.
[[nodiscard]] Code failure_code(std::error_code error);
[[nodiscard]] Error system_failure(const std::string& what, std::error_code error);
/// The same of such a number.
[[nodiscard]] inline Error system_failure(const std::string& what, int number) {
  return system_failure(what, native_error(number));
}

}  // namespace meterbill
