#pragma once

#include <string>
#include <string_view>

namespace meterbill {

/// RFC 4648 base64 with padding: exact bytes where only text can stand.
[[nodiscard]] std::string to_base64(std::string_view bytes);

}  // namespace meterbill
