#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace meterbill {

/// "4 s", "12 min", "14 h", "3 d"; less than nothing is nothing.
[[nodiscard]] std::string duration_text(std::int64_t seconds);

/// "1 reading", "2 readings".
[[nodiscard]] std::string count_text(std::int64_t count, std::string_view what);

/// "1.2 GB", rounded down: for people; --json has the bytes.
[[nodiscard]] std::string size_text(std::int64_t bytes);

}  // namespace meterbill
