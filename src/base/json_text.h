#pragma once

#include <string>
#include <string_view>

namespace meterbill {

/// Appends `text` as a JSON string, quotes included. Bytes that are not well-formed UTF-8 (RFC
/// 3629) become U+FFFD, because a JSON text must be UTF-8 whatever a record from outside held. In
/// the ground layer because the JSON writer, the wire and error answers share it.
void append_json_text(std::string& out, std::string_view text);

/// A number by the grammar of RFC 8259 and nothing else.
[[nodiscard]] bool is_json_number(std::string_view text);

}  // namespace meterbill
