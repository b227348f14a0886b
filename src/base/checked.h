#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace meterbill {

/// 128-bit sums of 64-bit quantities: 2^63 terms of 2^63 fit, so adding usage up cannot overflow in
/// practice; it is checked all the same.
__extension__ using Int128 = __int128;
__extension__ using UInt128 = unsigned __int128;

/// 256 bits for exact costs: holds a value, and that is all; the functions below compute with it. A
/// type of our own, so that Boost.Multiprecision, which does the computing, stays in checked.cc:
/// its headers cost each unit that reads them three seconds.
struct Int256 {
  Int128 high = 0;  ///< two's complement over both halves
  UInt128 low = 0;

  constexpr Int256() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): every Int128 is an Int256, exactly.
  constexpr Int256(Int128 value) : high(value < 0 ? -1 : 0), low(static_cast<UInt128>(value)) {}
  friend constexpr bool operator==(const Int256&, const Int256&) = default;
};

[[nodiscard]] Result<std::int64_t> add(std::int64_t a, std::int64_t b);
[[nodiscard]] Result<std::int64_t> subtract(std::int64_t a, std::int64_t b);
[[nodiscard]] Result<std::int64_t> multiply(std::int64_t a, std::int64_t b);
[[nodiscard]] Result<Int128> add(Int128 a, Int128 b);
[[nodiscard]] Result<Int128> multiply(Int128 a, Int128 b);
[[nodiscard]] Result<Int256> add(const Int256& a, const Int256& b);

/// The exact product. Cannot overflow: |a|, |b| < 2^127.
[[nodiscard]] Int256 multiply_wide(Int128 a, Int128 b);

/// a * numerator / denominator rounded half to even. REQUIRES: denominator > 0. Overflow of 128
/// bits is an Error; the product in between is exact.
[[nodiscard]] Result<Int128> scale_half_even(Int128 a, Int128 numerator, Int128 denominator);

/// a / 10^digits rounded half to even. REQUIRES: 0 <= digits <= 60.
[[nodiscard]] Result<Int128> shift_half_even(const Int256& a, int digits);

/// 10^exponent. REQUIRES: 0 <= exponent <= 38.
[[nodiscard]] Int128 power_of_ten(int exponent);

/// The value as int64, or kOverflow.
[[nodiscard]] Result<std::int64_t> narrow(Int128 value);

[[nodiscard]] std::string to_string(Int128 value);

/// value / 10^decimals as text without an exponent; trailing zeros cut when `trim`: (1227, 3) is
/// "1.227", (5, 0) "5".
[[nodiscard]] std::string decimal_text(const Int256& value, int decimals, bool trim = true);

/// Reads "12", "-0.05", "12.30" exactly as an integer of 10^-decimals. Grammar: -?digits[.digits],
/// at least one digit on each side that is there. More significant decimals than `decimals` is
/// kInvalid, never a rounding; trailing zeros beyond it are fine. Out of range is kOverflow.
[[nodiscard]] Result<Int128> parse_decimal(std::string_view text, int decimals);

/// Reads 0 … 2^63-1 written as digits only, without leading zeros.
[[nodiscard]] Result<std::int64_t> parse_count(std::string_view text);

}  // namespace meterbill
