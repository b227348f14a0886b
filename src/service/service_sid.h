#pragma once

#include <string>
#include <string_view>

namespace meterbill {

/// The security id of the account that Windows makes of a service ("NT SERVICE\NAME"), which comes
/// of the name alone: "S-1-5-80-" and the SHA-1 of the name in capitals, as UTF-16, in five
/// little-endian numbers. So it is known before the service is installed, and rights can be given.
/// REQUIRES: a name of ASCII letters.
[[nodiscard]] std::string service_sid(std::string_view name);

}  // namespace meterbill
