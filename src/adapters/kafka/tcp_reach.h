#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace meterbill {

/// The addresses of a host, as the system resolves it. kNotFound with the resolver's reason.
[[nodiscard]] Result<std::vector<std::string>> resolve_host(const std::string& host);

/// Opens a TCP connection to an address and closes it again; how long that took, in µs.
/// kUnavailable with the system's reason.
[[nodiscard]] Result<std::int64_t> reach_address(const std::string& address, std::uint16_t port,
                                                 int timeout_ms);

}  // namespace meterbill
