#include "wire/envelope.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "wire/fields.h"

namespace meterbill {
namespace {

struct NamedAttribute {
  std::string_view name;
  std::string_view Attributes::*member;
};
constexpr std::array kAttributes{NamedAttribute{"specversion", &Attributes::specversion},
                                 NamedAttribute{"id", &Attributes::id},
                                 NamedAttribute{"source", &Attributes::source},
                                 NamedAttribute{"type", &Attributes::type},
                                 NamedAttribute{"subject", &Attributes::subject},
                                 NamedAttribute{"time", &Attributes::time}};

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// In any case; `start` is in lower case.
bool starts_with(std::string_view text, std::string_view start) {
  return text.size() >= start.size() &&
         std::equal(start.begin(), start.end(), text.begin(),
                    [](char wanted, char c) { return wanted == lower(c); });
}

bool is_same(std::string_view one, std::string_view other) {
  return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                    [](char a, char b) { return lower(a) == lower(b); });
}

/// 0 to 63, or nothing for a character that base64 does not have.
std::optional<std::uint32_t> sextet(char c) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::size_t at = kDigits.find(c);
  if (at == std::string_view::npos) return std::nullopt;
  return static_cast<std::uint32_t>(at);
}

/// The JSON document inside `data_base64`.
Read<JsonDocument> decode_data(std::string_view base64) {
  const auto bytes = from_base64(base64);
  if (!bytes) return reject(Reason::kWrongType, "'data_base64' is not base64");
  return parse_json(*bytes);
}

}  // namespace

Read<std::optional<Attributes>> binary_attributes(const Headers& headers) {
  constexpr std::string_view kPrefix = "ce_";
  Attributes attributes;
  bool is_event = false;
  for (auto header = headers.begin(); header != headers.end(); ++header) {
    const auto [name, value] = *header;
    if (!starts_with(name, kPrefix)) continue;
    // So few (kHeadersMax) that each is compared with each.
    for (auto before = headers.begin(); before != header; ++before)
      if (is_same((*before).name, name))
        return reject(Reason::kDuplicateKey, fmt::format("header {} stands twice", excerpt(name)));
    const std::string_view attribute = name.substr(kPrefix.size());
    for (const NamedAttribute& known : kAttributes)
      if (is_same(attribute, known.name)) attributes.*known.member = value;
    is_event = is_event || is_same(attribute, "specversion") || is_same(attribute, "type");
  }
  if (!is_event) return std::optional<Attributes>();
  return std::optional<Attributes>(attributes);
}

bool announces_structured(const Headers& headers) {
  for (const auto [name, value] : headers)
    if (is_same(name, "content-type") && starts_with(value, "application/cloudevents")) return true;
  return false;
}

Read<StructuredEvent> open_structured(const JsonValue& root) {
  StructuredEvent event;
  for (const auto& [name, member] : kAttributes)
    if (root.find(name)) {
      MB_TRY(event.attributes.*member, required_text(root, name));
    }
  if (!root.find("specversion")) return reject(Reason::kMissingField, "'specversion' is missing");
  event.data = root.find("data");
  if (!root.find("data_base64")) return event;
  if (event.data) return reject(Reason::kDuplicateKey, "both 'data' and 'data_base64'");
  MB_TRY(const std::string_view base64, required_text(root, "data_base64"));
  MB_TRY(event.decoded, decode_data(base64));
  event.data = event.decoded->root();
  return event;
}

std::optional<Rejection> unfit(const Attributes& attributes) {
  if (attributes.type.empty()) return reject(Reason::kMissingField, "the event has no type");
  if (!attributes.specversion.empty() && attributes.specversion != "1.0")
    return reject(Reason::kUnknownType,
                  fmt::format("CloudEvents version {}", excerpt(attributes.specversion)));
  return std::nullopt;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  std::uint32_t bits = 0;
  std::size_t held = 0;  // number of bits not yet written
  for (const char c : text.substr(0, text.size() - padding)) {
    const auto value = sextet(c);
    if (!value) return std::nullopt;
    bits = (bits << 6 | *value) & 0xFFFF;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes += static_cast<char>(bits >> held & 0xFF);
  }
  // The bits left over are zero in what an encoder writes.
  if ((bits & ((1U << held) - 1)) != 0) return std::nullopt;
  return bytes;
}

}  // namespace meterbill
