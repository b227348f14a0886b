#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace meterbill {

/// Makes a folder for a service's own files, mode 0750, when nothing but it is missing, and sees
/// that files can be made in it: SQLite and the control socket could only say that something
/// failed. `key` is the setting that it comes from. kConfig: it cannot be there; kPermission: the
/// service may not write there.
[[nodiscard]] Result<void> prepare_folder(const std::string& path, std::string_view key);
/// The same for the folder that a file of the service, such as its control socket, is in.
[[nodiscard]] Result<void> prepare_folder_of(const std::string& file, std::string_view key);

}  // namespace meterbill
