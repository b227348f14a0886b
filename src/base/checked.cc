#include "base/checked.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/multiprecision/cpp_int.hpp>
#include <charconv>
#include <limits>

#include "base/assert.h"

namespace meterbill {
namespace {

using Wide = boost::multiprecision::checked_int512_t;

constexpr Int128 kInt128Max = ((Int128{1} << 126) - 1) * 2 + 1;

Error overflow(const char* what) {
  return fail(Code::kOverflow, fmt::format("{} overflows", what));
}

Wide to_wide(const Int256& value) { return Wide(value.high) * (Wide(1) << 128) + Wide(value.low); }

Result<Int128> narrow_wide(const Wide& value) {
  static const Wide kMax{kInt128Max};
  if (value > kMax || value < -kMax) return overflow("128-bit value");
  return static_cast<Int128>(value);
}

Result<Int256> to_int256(const Wide& value) {
  static const Wide kLimit = Wide(1) << 255;
  if (value >= kLimit || value < -kLimit) return overflow("256-bit value");
  static const Wide kHalf = Wide(1) << 128;
  Wide low = value % kHalf;  // the sign of value
  Wide high = value / kHalf;
  if (low < 0) {
    low += kHalf;
    high -= 1;
  }
  Int256 result;
  result.high = static_cast<Int128>(high);
  result.low = static_cast<UInt128>(low);
  return result;
}

Wide divide_half_even(const Wide& value, const Wide& divisor) {
  Wide quotient = value / divisor;  // towards zero
  const Wide rest = value % divisor;
  const Wide twice = (rest < 0 ? Wide(-rest) : rest) * 2;
  if (twice > divisor || (twice == divisor && quotient % 2 != 0)) quotient += value < 0 ? -1 : 1;
  return quotient;
}

Wide wide_power_of_ten(int exponent) {
  Wide power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}

/// The digits of |value|. Nearly every number fits 64 bits, and a busy worker writes many: those do
/// without the wide numbers.
std::string digits_of(const Int256& value) {
  const bool is_negative = value.high < 0;
  const UInt128 low = is_negative ? UInt128{0} - value.low : value.low;
  const bool is_low = value.high == 0 || (value.high == -1 && value.low != 0);
  if (is_low && low <= std::numeric_limits<std::uint64_t>::max())
    return fmt::format_int(static_cast<std::uint64_t>(low)).str();
  const Wide wide = to_wide(value);
  return (is_negative ? Wide(-wide) : wide).str();
}

}  // namespace

Result<std::int64_t> add(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) return overflow("sum");
  return sum;
}

Result<std::int64_t> subtract(std::int64_t a, std::int64_t b) {
  std::int64_t difference = 0;
  if (__builtin_sub_overflow(a, b, &difference)) return overflow("difference");
  return difference;
}

Result<std::int64_t> multiply(std::int64_t a, std::int64_t b) {
  std::int64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) return overflow("product");
  return product;
}

Result<Int128> add(Int128 a, Int128 b) {
  Int128 sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) return overflow("sum");
  return sum;
}

Result<Int128> multiply(Int128 a, Int128 b) {
  Int128 product = 0;
  if (__builtin_mul_overflow(a, b, &product)) return overflow("product");
  return product;
}

Result<Int256> add(const Int256& a, const Int256& b) { return to_int256(to_wide(a) + to_wide(b)); }

Int256 multiply_wide(Int128 a, Int128 b) {
  auto product = to_int256(Wide(a) * Wide(b));
  MB_ASSERT(product);  // |a|, |b| <= 2^127
  return product.value();
}

Result<Int128> scale_half_even(Int128 a, Int128 numerator, Int128 denominator) {
  MB_ASSERT(denominator > 0);
  return narrow_wide(divide_half_even(Wide(a) * Wide(numerator), Wide(denominator)));
}

Result<Int128> shift_half_even(const Int256& a, int digits) {
  MB_ASSERT(digits >= 0 && digits <= 60);
  return narrow_wide(divide_half_even(to_wide(a), wide_power_of_ten(digits)));
}

Int128 power_of_ten(int exponent) {
  MB_ASSERT(exponent >= 0 && exponent <= 38);
  Int128 power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}

Result<std::int64_t> narrow(Int128 value) {
  if (value > std::numeric_limits<std::int64_t>::max() ||
      value < std::numeric_limits<std::int64_t>::min())
    return overflow("64-bit value");
  return static_cast<std::int64_t>(value);
}

std::string to_string(Int128 value) { return decimal_text(Int256(value), 0); }

std::string decimal_text(const Int256& value, int decimals, bool trim) {
  MB_ASSERT(decimals >= 0);
  const bool negative = value.high < 0;
  std::string digits = digits_of(value);
  const auto places = static_cast<std::size_t>(decimals);
  if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
  if (places > 0) {
    digits.insert(digits.size() - places, ".");
    if (trim) {
      digits.erase(digits.find_last_not_of('0') + 1);
      if (digits.back() == '.') digits.pop_back();
    }
  }
  if (negative) digits.insert(digits.begin(), '-');
  return digits;
}

Result<Int128> parse_decimal(std::string_view text, int decimals) {
  const auto bad = [&] {
    return fail(Code::kInvalid, fmt::format("not a decimal number: '{}'", text));
  };
  std::string_view rest = text;
  const bool negative = rest.starts_with('-');
  if (negative) rest.remove_prefix(1);
  const std::size_t point = rest.find('.');
  const std::string_view whole = rest.substr(0, point);
  std::string_view fraction = point == std::string_view::npos ? "" : rest.substr(point + 1);
  const auto is_digits = [](std::string_view part) {
    return !part.empty() && std::ranges::all_of(part, [](char c) { return c >= '0' && c <= '9'; });
  };
  if (!is_digits(whole) || (point != std::string_view::npos && !is_digits(fraction))) return bad();
  while (fraction.ends_with('0')) fraction.remove_suffix(1);
  if (fraction.size() > static_cast<std::size_t>(decimals))
    return fail(Code::kInvalid, fmt::format("'{}' has more than {} decimals", text, decimals));
  std::string digits{whole};
  digits += fraction;
  digits.append(static_cast<std::size_t>(decimals) - fraction.size(), '0');
  Int128 value = 0;
  for (const char digit : digits) {
    MB_TRY(value, multiply(value, Int128{10}));
    MB_TRY(value, add(value, Int128{digit - '0'}));
  }
  return negative ? -value : value;
}

Result<std::int64_t> parse_count(std::string_view text) {
  if (text.empty() || text.size() > 19 || (text.size() > 1 && text.front() == '0') ||
      !std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; }))
    return fail(Code::kInvalid, fmt::format("not a whole number from 0 to 2^63-1: '{}'", text));
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return overflow("64-bit value");
  return value;
}

}  // namespace meterbill
