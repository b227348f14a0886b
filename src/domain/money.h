#pragma once

#include <string>
#include <string_view>

#include "base/checked.h"
#include "base/result.h"
#include "domain/unit.h"

namespace meterbill {

/// Decimals of a unit price, of a quantity at most, and of their product.
inline constexpr int kPriceDecimals = 12;
inline constexpr int kQuantityDecimalsMax = 9;
inline constexpr int kCostDecimals = kPriceDecimals + kQuantityDecimalsMax;

/// A currency of ISO 4217 that is in use, with the digits of its minor unit: USD 2, JPY 0, KWD 3.
class Currency {
 public:
  /// kNotFound for a code that is not in the list: without its minor unit nothing can be rounded.
  [[nodiscard]] static Result<Currency> parse(std::string_view code);

  [[nodiscard]] std::string_view code() const { return code_; }
  [[nodiscard]] int minor_digits() const { return minor_digits_; }
  friend bool operator==(const Currency&, const Currency&) = default;

 private:
  constexpr Currency(std::string_view code, int minor_digits)
      : code_(code), minor_digits_(minor_digits) {}
  std::string_view code_;  // of the table
  int minor_digits_;
};

/// What one unit costs: 0 or more, exact to 10^-12 of the currency's unit.
class Price {
 public:
  /// Reads "0.05". kInvalid for a negative number or a 13th decimal: never rounded.
  [[nodiscard]] static Result<Price> parse(std::string_view text);

  [[nodiscard]] Int128 pico() const { return pico_; }
  friend bool operator==(const Price&, const Price&) = default;

 private:
  explicit Price(Int128 pico) : pico_(pico) {}
  Int128 pico_;
};

/// Quantity times price, exact: whole 10^-21 of the currency's unit.
struct Cost {
  Int256 value = 0;
  friend bool operator==(const Cost&, const Cost&) = default;
};

/// What is asked for: whole minor units of the currency (cents).
struct Amount {
  Int128 minor = 0;
  friend bool operator==(const Amount&, const Amount&) = default;
};

/// The first of the two roundings (design §3.4): base units of a meter as units, in whole
/// 10^-decimals, half to even. REQUIRES: 0 <= decimals <= kQuantityDecimalsMax. kOverflow past 127
/// bits.
[[nodiscard]] Result<Int128> quantity_in(const Unit& unit, Int128 base, int decimals);

/// quantity × price without rounding. `quantity` in whole 10^-decimals.
[[nodiscard]] Result<Cost> cost_of(Int128 quantity, int decimals, const Price& price);

/// The second rounding: to the currency's minor unit, half to even.
[[nodiscard]] Result<Amount> rounded(const Cost& cost, const Currency& currency);

/// The amount as a cost, to compare the two.
[[nodiscard]] Cost exact(const Amount& amount, const Currency& currency);

[[nodiscard]] Result<Cost> add(const Cost& a, const Cost& b);
[[nodiscard]] Result<Amount> add(const Amount& a, const Amount& b);

[[nodiscard]] std::string to_string(const Price& price);  ///< "0.05"
[[nodiscard]] std::string to_string(const Cost& cost);    ///< "1.227": all decimals that matter
/// "1.23": as many decimals as the currency has, always.
[[nodiscard]] std::string to_string(const Amount& amount, const Currency& currency);

}  // namespace meterbill
