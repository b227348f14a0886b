#include <fmt/format.h>

#include "wire/decode.h"
#include "wire/fields.h"
#include "wire/json_scan.h"

namespace meterbill {
namespace {

constexpr std::size_t kBodyBytesMax = std::size_t{1} << 20;
/// More than events of any use fit into a body; a body of commas would be half a million.
constexpr std::size_t kElementsMax = 10'000;

Error no_json(std::string_view why) {
  return fail(Code::kInvalid, fmt::format("the body is not JSON: {}", why));
}

/// True if an element alone spoils the body: it is no JSON. Other faults are the element's own.
/// Nesting beyond what is read is not looked into; its brackets match.
std::optional<std::string> spoils(std::string_view element) {
  const auto document = parse_json(element);
  if (document) return std::nullopt;
  const Rejection& rejection = document.error();
  if (rejection.reason != Reason::kNotJson && rejection.reason != Reason::kNotUtf8)
    return std::nullopt;
  return rejection.detail;
}

Result<std::vector<std::string_view>> elements_of(std::string_view array, const JsonShape& shape) {
  if (shape.commas.size() >= kElementsMax)
    return fail(Code::kInvalid, fmt::format("the body has {} elements, at most {}: send several",
                                            shape.commas.size() + 1, kElementsMax));
  std::vector<std::string_view> elements;
  std::size_t from = 1;
  const auto cut = [&](std::size_t to) {
    elements.push_back(trim_json(array.substr(from, to - from)));
    from = to + 1;
  };
  for (const std::size_t comma : shape.commas) cut(comma);
  cut(array.size() - 1);
  if (elements.size() == 1 && elements.front().empty()) elements.clear();
  for (const std::string_view element : elements)
    if (const auto why = spoils(element)) return no_json(*why);
  return elements;
}

}  // namespace

Result<std::vector<std::string_view>> split_body(std::string_view body, bool batch) {
  if (body.size() > kBodyBytesMax)
    return fail(Code::kInvalid,
                fmt::format("the body has {} bytes, at most {}", body.size(), kBodyBytesMax));
  const std::string_view text = trim_json(body);
  const auto shape = scan_json(text);
  if (!shape) return no_json("brackets or quotes do not match");
  if (!text.starts_with(batch ? '[' : '{'))
    return fail(Code::kInvalid, batch ? "the body of a batch is not a JSON array of events"
                                      : "the body is not a JSON object, one event");
  if (batch && text.ends_with(']')) return elements_of(text, *shape);
  if (const auto why = spoils(text)) return no_json(*why);
  return std::vector{text};
}

}  // namespace meterbill
