#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace meterbill {

/// What a look at the brackets of a text shows, before it is parsed.
struct JsonShape {
  std::size_t depth_max = 0;   ///< of nested arrays and objects; a scalar has 0
  std::size_t values_max = 1;  ///< no JSON of that shape has more values, nested ones included
};

/// Counts the brackets outside strings in one pass without recursion. Nothing when they do not
/// close, or close more than was opened, or a string does not end: no JSON then. What it accepts
/// may still be no JSON; but a parser that walks it never runs out of closing brackets, and never
/// nests deeper than `depth_max`.
///
/// `commas`: if given, the offsets of the commas at depth 1 are appended to it.
[[nodiscard]] std::optional<JsonShape> scan_json(std::string_view text,
                                                 std::vector<std::size_t>* commas = nullptr);

/// `text` without the white space of RFC 8259 around it.
[[nodiscard]] std::string_view trim_json(std::string_view text);

}  // namespace meterbill
