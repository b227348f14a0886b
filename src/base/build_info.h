#pragma once

#include <string_view>

#include "base/clock.h"

namespace meterbill {

/// What was built, from what, by what. A library of its own: it changes with every commit, and only
/// what shows it is linked anew.
struct BuildInfo {
  std::string_view version;   ///< `0.1.0`
  std::string_view commit;    ///< 12 hex digits, or `unknown` outside a repository
  UtcTime time;               ///< of that commit: no correct clock is before it
  std::string_view compiler;  ///< `GNU 12.2.0`
  std::string_view build_type;
};

[[nodiscard]] BuildInfo build_info();

}  // namespace meterbill
