#pragma once

#include <string>

#include "base/result.h"

namespace meterbill {

/// Writes a small file that every user may read, whole or not at all (a new file takes the place of
/// an old one). kIo, kPermission, kNotFound (no such folder), kDiskFull.
[[nodiscard]] Result<void> write_public_file(const std::string& path, const std::string& text);

}  // namespace meterbill
