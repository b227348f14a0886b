#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>
#include <variant>

#include "wire/decode.h"
#include "wire/fields.h"
#include "wire/forms.h"
#include "wire/json_scan.h"

namespace meterbill {
namespace {

constexpr std::size_t kBodyBytesMax = std::size_t{1} << 20;
/// More than events of any use fit into a body; a body of commas would be half a million.
constexpr std::size_t kElementsMax = 10'000;

Error no_json(std::string_view why) {
  return fail(Code::kInvalid, fmt::format("the body is not JSON: {}", why));
}

bool is_of_its_size(const Message& message) {
  if (const auto* readings = std::get_if<ReadingMessage>(&message))
    return std::ranges::all_of(readings->items, [](const ReadingItem& item) {
      return std::holds_alternative<Reading>(item);
    });
  return std::holds_alternative<UsageEvent>(message);
}

/// Reads an element. Only one that is no JSON spoils the body; other faults are its own. Nesting
/// beyond what is read is not looked into; its brackets match.
Result<BodyElement> read_element(std::string_view text) {
  const auto document = parse_json(text);
  if (!document) {
    const Rejection& rejection = document.error();
    if (rejection.reason == Reason::kNotJson || rejection.reason == Reason::kNotUtf8)
      return no_json(rejection.detail);
  }
  BodyElement element{.text = text};
  if (document && !oversized(text)) {
    Message message = read_value(document.value().root(), true, Route::kHttp);
    if (is_of_its_size(message)) element.message = std::move(message);
  }
  element.is_bare_sample = document && is_bare_sample(document.value().root());
  return element;
}

Result<std::vector<BodyElement>> elements_of(std::string_view array,
                                             std::span<const std::size_t> commas) {
  if (commas.size() >= kElementsMax)
    return fail(Code::kInvalid, fmt::format("the body has {} elements, at most {}: send several",
                                            commas.size() + 1, kElementsMax));
  std::vector<BodyElement> elements;
  if (trim_json(array.substr(1, array.size() - 2)).empty()) return elements;
  elements.reserve(commas.size() + 1);
  std::size_t from = 1;
  for (std::size_t i = 0; i <= commas.size(); ++i) {
    const std::size_t to = i < commas.size() ? commas[i] : array.size() - 1;
    MB_TRY(BodyElement element, read_element(trim_json(array.substr(from, to - from))));
    elements.push_back(std::move(element));
    from = to + 1;
  }
  return elements;
}

}  // namespace

Result<std::vector<BodyElement>> split_body(std::string_view body, bool batch) {
  if (body.size() > kBodyBytesMax)
    return fail(Code::kInvalid,
                fmt::format("the body has {} bytes, at most {}", body.size(), kBodyBytesMax));
  const std::string_view text = trim_json(body);
  std::vector<std::size_t> commas;
  if (!scan_json(text, &commas)) return no_json("brackets or quotes do not match");
  if (!text.starts_with(batch ? '[' : '{'))
    return fail(Code::kInvalid, batch ? "the body of a batch is not a JSON array of events"
                                      : "the body is not a JSON object, one event");
  if (batch && text.ends_with(']')) return elements_of(text, commas);
  MB_TRY(BodyElement element, read_element(text));
  std::vector<BodyElement> one;
  one.push_back(std::move(element));
  return one;
}

}  // namespace meterbill
