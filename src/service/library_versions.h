#pragma once

#include <string>
#include <utility>
#include <vector>

namespace meterbill {

/// Name and version of each library this program runs with; of header-only ones, of their headers.
/// In a library of its own: only what shows versions needs to be linked with all of them.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> library_versions();

}  // namespace meterbill
