#include "wire/json_number.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include "base/assert.h"

namespace meterbill {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Cuts the digits at the start of `text` off it.
std::string_view take_digits(std::string_view& text) {
  const auto end = std::ranges::find_if_not(text, is_digit);
  const std::string_view digits = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(digits.size());
  return digits;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

/// A number in its parts: (-1)^negative × whole.fraction × 10^exponent.
struct Parts {
  bool negative = false;
  std::string_view whole;
  std::string_view fraction;
  std::int64_t exponent = 0;
};

/// Beyond any text of 64 KiB, and far from overflowing when lengths are added.
constexpr std::int64_t kExponentMax = 1'000'000'000;

std::optional<Parts> split(std::string_view text) {
  Parts parts;
  parts.negative = take(text, '-');
  parts.whole = take_digits(text);
  if (parts.whole.empty() || (parts.whole.size() > 1 && parts.whole.front() == '0'))
    return std::nullopt;
  if (take(text, '.')) {
    parts.fraction = take_digits(text);
    if (parts.fraction.empty()) return std::nullopt;
  }
  if (take(text, 'e') || take(text, 'E')) {
    const bool down = take(text, '-');
    if (!down) take(text, '+');
    const std::string_view digits = take_digits(text);
    if (digits.empty()) return std::nullopt;
    for (const char digit : digits)
      parts.exponent = std::min(parts.exponent * 10 + (digit - '0'), kExponentMax);
    if (down) parts.exponent = -parts.exponent;
  }
  if (!text.empty()) return std::nullopt;
  return parts;
}

}  // namespace

Either<Int128, Reason> exact_number(std::string_view text, int decimals) {
  MB_ASSERT(decimals >= 0 && decimals <= 38);
  const auto parts = split(text);
  if (!parts) return Reason::kBadNumber;
  std::string digits(parts->whole);
  digits += parts->fraction;
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  if (digits.empty()) return Int128{0};
  const std::size_t significant = digits.find_last_not_of('0') + 1;
  // The value is digits[0, significant) × 10^shift.
  const std::int64_t shift = static_cast<std::int64_t>(digits.size() - significant) +
                             parts->exponent - static_cast<std::int64_t>(parts->fraction.size()) +
                             decimals;
  if (shift < 0) return Reason::kTooPrecise;
  if (static_cast<std::int64_t>(significant) + shift > 38) return Reason::kBadNumber;
  Int128 value = 0;
  for (const char digit : std::string_view(digits).substr(0, significant))
    value = value * 10 + (digit - '0');
  value *= power_of_ten(static_cast<int>(shift));
  return parts->negative ? -value : value;
}

}  // namespace meterbill
