#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace meterbill {

/// SHA-256 (FIPS 180-4) of the bytes. Safe from any thread.
[[nodiscard]] std::array<std::uint8_t, 32> sha256(std::string_view bytes);

/// The same as 64 lower-case hex digits.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);

}  // namespace meterbill
