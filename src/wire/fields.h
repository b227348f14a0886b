#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/checked.h"
#include "wire/json.h"

namespace meterbill {

[[nodiscard]] Rejection reject(Reason reason, std::string detail);

/// Untrusted text for a Rejection's detail: quoted, at most 40 bytes, anything but visible ASCII
/// shown as '?'.
[[nodiscard]] std::string excerpt(std::string_view text);

/// kWrongType unless it is an object; `name` is for the detail.
[[nodiscard]] Read<JsonValue> object(const JsonValue& value, std::string_view name);

/// A member that must be there: kMissingField.
[[nodiscard]] Read<JsonValue> required(const JsonValue& object, std::string_view key);

/// A member that must be a string: kMissingField, kWrongType.
[[nodiscard]] Read<std::string_view> required_text(const JsonValue& object, std::string_view key);

/// A total: a string of digits, or a JSON number that is whole, 0 … 2^63-1. kWrongType, kBadNumber.
[[nodiscard]] Read<std::int64_t> total(const JsonValue& value, std::string_view name);
[[nodiscard]] Read<std::int64_t> required_total(const JsonValue& object, std::string_view key);

/// A JSON number in 10^-9. kWrongType, kBadNumber, kTooPrecise.
[[nodiscard]] Read<Int128> nano_number(const JsonValue& value, std::string_view name);

/// The percentage of a sample, 0 to 100, in 10^-9. As nano_number, and kImplausible.
[[nodiscard]] Read<std::int64_t> nano_percent(const JsonValue& value, std::string_view name);

}  // namespace meterbill
