#pragma once

#include <cstdlib>
#include <string_view>

namespace meterbill {

/// Whether the guard of that name is taken out in this run. Only in the copy of the sources that
/// `./dev mutants` makes and tests; the programs never hold it.
inline bool mutant(std::string_view name) {
  static const char* const active = std::getenv("METERBILL_MUTANT");
  return active != nullptr && name == active;
}

}  // namespace meterbill
