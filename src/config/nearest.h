#pragma once

#include <span>
#include <string>
#include <string_view>

namespace meterbill {

/// The name that was probably meant: the one with the fewest changed, missing, added or swapped
/// letters, at most a third of the word; or, for dotted names, one with the same last part. Empty
/// when nothing is near. Of equally near ones the first.
[[nodiscard]] std::string nearest(std::string_view word, std::span<const std::string> names);

/// Number of single-letter changes between two words, a swap of neighbours counting as one
/// (optimal string alignment).
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace meterbill
