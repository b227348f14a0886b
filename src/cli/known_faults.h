#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace meterbill {

/// What goes wrong with some versions of a library, that MeterBill cannot prevent by itself.
struct KnownFault {
  std::string_view library;
  std::string_view from;    ///< the first version that has it
  std::string_view before;  ///< the first version that no longer has it
  std::string_view problem;
  std::string_view remedy;
};

/// All we know of. Faults that we work around are not among them.
[[nodiscard]] std::span<const KnownFault> known_faults();

/// A fault that a library in use has.
struct LibraryWarning {
  std::string library;
  std::string version;
  std::string_view problem;
  std::string_view remedy;
};

/// Those of `faults` that the libraries have, by name and version. Of a version that does not begin
/// with a number nothing is known.
[[nodiscard]] std::vector<LibraryWarning> library_warnings(
    const std::vector<std::pair<std::string, std::string>>& libraries,
    std::span<const KnownFault> faults = known_faults());

}  // namespace meterbill
