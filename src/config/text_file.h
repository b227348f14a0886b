#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace meterbill {

/// The whole file. kNotFound, kPermission, kIo; kInvalid when it is larger than `bytes_max`. The
/// message begins with the path.
[[nodiscard]] Result<std::string> read_text_file(const std::string& path, std::size_t bytes_max);

/// Paths of the files `*.conf` in a folder, by name; none when there is no such folder. Names that
/// begin with a dot are left out: editors and package managers leave such files behind.
[[nodiscard]] Result<std::vector<std::string>> list_conf_files(const std::string& folder,
                                                               std::size_t files_max);

}  // namespace meterbill
