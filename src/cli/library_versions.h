#pragma once

#include "cli/version_command.h"

namespace meterbill {

/// Of the libraries this program runs with, not of their headers where the two can differ.
[[nodiscard]] LibraryVersions library_versions();

}  // namespace meterbill
