#include "wire/envelope.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "wire/fields.h"

namespace meterbill {
namespace {

constexpr std::array kAttributes{
    std::pair{"specversion", &Attributes::specversion}, std::pair{"id", &Attributes::id},
    std::pair{"source", &Attributes::source},           std::pair{"type", &Attributes::type},
    std::pair{"subject", &Attributes::subject},         std::pair{"time", &Attributes::time}};

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
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

Read<std::optional<Attributes>> binary_attributes(const std::vector<Header>& headers) {
  Attributes attributes;
  std::set<std::string> seen;
  for (const Header& header : headers) {
    const std::string name = lower(header.name);
    if (!name.starts_with("ce_")) continue;
    if (!seen.insert(name).second)
      return reject(Reason::kDuplicateKey, fmt::format("header {} stands twice", excerpt(name)));
    for (const auto& [attribute, member] : kAttributes)
      if (std::string_view(name).substr(3) == attribute) attributes.*member = header.value;
  }
  if (!seen.contains("ce_specversion") && !seen.contains("ce_type"))
    return std::optional<Attributes>();
  return std::optional<Attributes>(std::move(attributes));
}

bool announces_structured(const std::vector<Header>& headers) {
  return std::ranges::any_of(headers, [](const Header& header) {
    return lower(header.name) == "content-type" &&
           lower(header.value).starts_with("application/cloudevents");
  });
}

Read<StructuredEvent> open_structured(const JsonValue& root) {
  StructuredEvent event;
  for (const auto& [name, member] : kAttributes)
    if (root.find(name)) {
      MB_TRY(const std::string_view text, required_text(root, name));
      event.attributes.*member = text;
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
