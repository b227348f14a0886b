#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cli/command.h"

namespace meterbill {

/// Name and version of each library, as main.cc sees them: so that the command itself depends on
/// none of them.
using LibraryVersions = std::vector<std::pair<std::string, std::string>>;

/// `version [--json]`.
[[nodiscard]] Command version_command(const LibraryVersions& libraries);

}  // namespace meterbill
