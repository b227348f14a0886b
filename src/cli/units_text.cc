#include "cli/units_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace meterbill {

std::string duration_text(std::int64_t seconds) {
  if (seconds < 60) return fmt::format("{} s", std::max<std::int64_t>(seconds, 0));
  if (seconds < 3'600) return fmt::format("{} min", seconds / 60);
  if (seconds < 172'800) return fmt::format("{} h", seconds / 3'600);
  return fmt::format("{} d", seconds / 86'400);
}

std::string count_text(std::int64_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::string size_text(std::int64_t bytes) {
  constexpr std::int64_t kTenths = 10;
  for (const auto& [unit, size] :
       {std::pair{"GB", std::int64_t{1'000'000'000}}, std::pair{"MB", std::int64_t{1'000'000}},
        std::pair{"kB", std::int64_t{1'000}}})
    if (bytes >= size)
      return fmt::format("{}.{} {}", bytes / size, bytes % size * kTenths / size, unit);
  return fmt::format("{} B", bytes);
}

}  // namespace meterbill
