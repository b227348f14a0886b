#pragma once

#include <cstddef>
#include <string_view>

namespace meterbill {

/// How many bytes the well-formed UTF-8 sequence (RFC 3629) at the start of `text` has; 0 when
/// there is none, so also for an empty text.
[[nodiscard]] std::size_t utf8_sequence(std::string_view text);

/// The code point of a sequence whose length utf8_sequence said.
[[nodiscard]] char32_t utf8_code_point(std::string_view sequence);

}  // namespace meterbill
