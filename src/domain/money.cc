#include "domain/money.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/assert.h"

namespace meterbill {
namespace {

/// Minor units other than two digits (ISO 4217, list one).
constexpr std::array<std::string_view, 17> kNoDigits{"BIF", "CLP", "DJF", "GNF", "ISK", "JPY",
                                                     "KMF", "KRW", "PYG", "RWF", "UGX", "UYI",
                                                     "VND", "VUV", "XAF", "XOF", "XPF"};
constexpr std::array<std::string_view, 7> kThreeDigits{"BHD", "IQD", "JOD", "KWD",
                                                       "LYD", "OMR", "TND"};
constexpr std::array<std::string_view, 2> kFourDigits{"CLF", "UYW"};
constexpr std::array<std::string_view, 133> kTwoDigits{
    "AED", "AFN", "ALL", "AMD", "ANG", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT",
    "BGN", "BMD", "BND", "BOB", "BRL", "BSD", "BTN", "BWP", "BYN", "BZD", "CAD", "CDF", "CHF",
    "CNY", "COP", "CRC", "CUP", "CVE", "CZK", "DKK", "DOP", "DZD", "EGP", "ERN", "ETB", "EUR",
    "FJD", "FKP", "GBP", "GEL", "GHS", "GIP", "GMD", "GTQ", "GYD", "HKD", "HNL", "HTG", "HUF",
    "IDR", "ILS", "INR", "IRR", "JMD", "KES", "KGS", "KHR", "KPW", "KYD", "KZT", "LAK", "LBP",
    "LKR", "LRD", "LSL", "MAD", "MDL", "MGA", "MKD", "MMK", "MNT", "MOP", "MRU", "MUR", "MVR",
    "MWK", "MXN", "MYR", "MZN", "NAD", "NGN", "NIO", "NOK", "NPR", "NZD", "PAB", "PEN", "PGK",
    "PHP", "PKR", "PLN", "QAR", "RON", "RSD", "RUB", "SAR", "SBD", "SCR", "SDG", "SEK", "SGD",
    "SHP", "SLE", "SOS", "SRD", "SSP", "STN", "SVC", "SYP", "SZL", "THB", "TJS", "TMT", "TOP",
    "TRY", "TTD", "TWD", "TZS", "UAH", "USD", "UYU", "UZS", "VED", "VES", "WST", "XCD", "YER",
    "ZAR", "ZMW", "ZWG"};

}  // namespace

Result<Currency> Currency::parse(std::string_view code) {
  const auto among = [code](const auto& list) -> std::string_view {
    const auto found = std::ranges::find(list, code);
    return found == list.end() ? std::string_view{} : *found;
  };
  if (const auto found = among(kTwoDigits); !found.empty()) return Currency{found, 2};
  if (const auto found = among(kNoDigits); !found.empty()) return Currency{found, 0};
  if (const auto found = among(kThreeDigits); !found.empty()) return Currency{found, 3};
  if (const auto found = among(kFourDigits); !found.empty()) return Currency{found, 4};
  return fail(Code::kNotFound,
              fmt::format("'{}' is not a currency code of ISO 4217, such as USD or EUR", code));
}

Result<Price> Price::parse(std::string_view text) {
  MB_TRY(const Int128 pico, parse_decimal(text, kPriceDecimals));
  if (text.starts_with('-'))
    return fail(Code::kInvalid, fmt::format("a price is not negative: '{}'", text));
  return Price{pico};
}

Result<Int128> quantity_in(const Unit& unit, Int128 base, int decimals) {
  MB_ASSERT(decimals >= 0 && decimals <= kQuantityDecimalsMax);
  return in("quantity", scale_half_even(base, power_of_ten(decimals), unit.base_units));
}

Result<Cost> cost_of(Int128 quantity, int decimals, const Price& price) {
  MB_ASSERT(decimals >= 0 && decimals <= kQuantityDecimalsMax);
  MB_TRY(const Int128 fine,
         in("cost", multiply(quantity, power_of_ten(kQuantityDecimalsMax - decimals))));
  return Cost{multiply_wide(fine, price.pico())};
}

Result<Amount> rounded(const Cost& cost, const Currency& currency) {
  MB_TRY(const Int128 minor,
         in("amount", shift_half_even(cost.value, kCostDecimals - currency.minor_digits())));
  return Amount{minor};
}

Cost exact(const Amount& amount, const Currency& currency) {
  return Cost{multiply_wide(amount.minor, power_of_ten(kCostDecimals - currency.minor_digits()))};
}

Result<Cost> add(const Cost& a, const Cost& b) {
  MB_TRY(const Int256 sum, in("total cost", add(a.value, b.value)));
  return Cost{sum};
}

Result<Amount> add(const Amount& a, const Amount& b) {
  MB_TRY(const Int128 sum, in("total amount", add(a.minor, b.minor)));
  return Amount{sum};
}

std::string to_string(const Price& price) {
  return decimal_text(Int256(price.pico()), kPriceDecimals);
}

std::string to_string(const Cost& cost) { return decimal_text(cost.value, kCostDecimals); }

std::string to_string(const Amount& amount, const Currency& currency) {
  return decimal_text(Int256(amount.minor), currency.minor_digits(), false);
}

}  // namespace meterbill
