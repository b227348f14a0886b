#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cli/command.h"

namespace meterbill {

/// Name and version of each library. Handed in, so that the command itself depends on none of them.
using LibraryVersions = std::vector<std::pair<std::string, std::string>>;

/// The body of `version --json` and of /version, with what is known to be wrong with these
/// versions.
[[nodiscard]] std::string version_json(const LibraryVersions& libraries);

/// `version [--json]`.
[[nodiscard]] Command version_command(const LibraryVersions& libraries);

}  // namespace meterbill
