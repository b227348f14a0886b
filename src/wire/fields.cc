#include "wire/fields.h"

#include <fmt/format.h>

#include <limits>

#include "wire/json_number.h"

namespace meterbill {
namespace {

constexpr int kNanoDecimals = 9;
constexpr std::int64_t kNanoPercentMax = 100'000'000'000;

Rejection bad_number(Reason reason, std::string_view name, std::string_view text) {
  const char* const what =
      reason == Reason::kTooPrecise ? "has too many decimals" : "is not a number that can be kept";
  return reject(reason, fmt::format("{}: {} {}", name, excerpt(text), what));
}

Rejection wrong_type(std::string_view name, std::string_view wanted) {
  return reject(Reason::kWrongType, fmt::format("{} is not {}", excerpt(name), wanted));
}

}  // namespace

Rejection reject(Reason reason, std::string detail) {
  return Rejection{.reason = reason, .detail = std::move(detail)};
}

std::string excerpt(std::string_view text) {
  constexpr std::size_t kShownMax = 40;
  std::string shown = "'";
  for (const char c : text.substr(0, kShownMax)) shown += c >= ' ' && c < '\x7f' ? c : '?';
  shown += text.size() > kShownMax ? "…'" : "'";
  return shown;
}

Read<JsonValue> object(const JsonValue& value, std::string_view name) {
  if (!value.is(JsonValue::Kind::kObject)) return wrong_type(name, "an object");
  return value;
}

Read<JsonValue> required(const JsonValue& object, std::string_view key) {
  if (const auto member = object.find(key)) return *member;
  return reject(Reason::kMissingField, fmt::format("{} is missing", excerpt(key)));
}

Read<std::string_view> required_text(const JsonValue& object, std::string_view key) {
  MB_TRY(const JsonValue member, required(object, key));
  if (!member.is(JsonValue::Kind::kString)) return wrong_type(key, "a string");
  return member.text();
}

Read<std::int64_t> total(const JsonValue& value, std::string_view name) {
  if (value.is(JsonValue::Kind::kString)) {
    const auto count = parse_count(value.text());
    if (!count) return bad_number(Reason::kBadNumber, name, value.text());
    return count.value();
  }
  if (!value.is(JsonValue::Kind::kNumber))
    return wrong_type(name, "a decimal string or a whole number");
  const auto number = exact_number(value.text(), 0);
  if (!number || number.value() < 0 || number.value() > std::numeric_limits<std::int64_t>::max())
    return bad_number(Reason::kBadNumber, name, value.text());
  return static_cast<std::int64_t>(number.value());
}

Read<std::int64_t> required_total(const JsonValue& object, std::string_view key) {
  MB_TRY(const JsonValue member, required(object, key));
  return total(member, key);
}

Read<Int128> nano_number(const JsonValue& value, std::string_view name) {
  if (!value.is(JsonValue::Kind::kNumber)) return wrong_type(name, "a number");
  const auto number = exact_number(value.text(), kNanoDecimals);
  if (!number) return bad_number(number.error(), name, value.text());
  return number.value();
}

Read<std::int64_t> nano_percent(const JsonValue& value, std::string_view name) {
  MB_TRY(const Int128 nano, nano_number(value, name));
  if (nano < 0 || nano > kNanoPercentMax)
    return reject(Reason::kImplausible,
                  fmt::format("{}: {} is not from 0 to 100", name, excerpt(value.text())));
  return static_cast<std::int64_t>(nano);
}

}  // namespace meterbill
