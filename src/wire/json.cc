#include "wire/json.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

#include "base/json_text.h"
#include "base/per_thread.h"
#include "wire/fields.h"
#include "wire/json_number.h"
#include "wire/json_scan.h"

namespace meterbill {
namespace {

namespace ondemand = simdjson::ondemand;
using Kind = JsonNodes::Kind;

/// So many keys are compared each with each, without memory: quicker than to sort them.
constexpr std::uint32_t kFewKeys = 24;

Rejection not_json(simdjson::error_code error) {
  if (error == simdjson::UTF8_ERROR) return reject(Reason::kNotUtf8, "a byte is not UTF-8");
  return reject(Reason::kNotJson, simdjson::error_message(error));
}

/// Copies every value of a document into JsonNodes, so that each is looked at: On-Demand checks
/// only what is read.
class Copier {
 public:
  explicit Copier(JsonNodes& tree) : tree_(tree) {}

  std::optional<Rejection> array(ondemand::array array, JsonNodes::Span key);

 private:
  std::optional<Rejection> value(ondemand::value value, JsonNodes::Span key);
  std::optional<Rejection> object(ondemand::object object, JsonNodes::Span key);
  std::optional<Rejection> string(ondemand::value value, JsonNodes::Span key);
  std::optional<Rejection> scalar(std::string_view token, JsonNodes::Span key);
  std::optional<Rejection> check_keys(std::uint32_t object) const;
  [[nodiscard]] std::optional<std::string_view> twice_of_few(std::uint32_t object) const;
  [[nodiscard]] std::optional<std::string_view> twice_of_many(std::uint32_t object) const;

  std::uint32_t open(Kind kind, JsonNodes::Span key, JsonNodes::Span text = {}) {
    const auto index = static_cast<std::uint32_t>(tree_.nodes.size());
    tree_.nodes.push_back({.kind = kind, .key = key, .text = text, .next = index + 1, .count = 0});
    return index;
  }
  void close(std::uint32_t index, std::uint32_t count) {
    tree_.nodes[index].next = static_cast<std::uint32_t>(tree_.nodes.size());
    tree_.nodes[index].count = count;
  }
  JsonNodes::Span keep(std::string_view text) {
    const JsonNodes::Span span{.at = static_cast<std::uint32_t>(tree_.text.size()),
                               .size = static_cast<std::uint32_t>(text.size())};
    tree_.text += text;
    return span;
  }
  [[nodiscard]] std::string_view key_of(std::uint32_t index) const {
    const JsonNodes::Span key = tree_.nodes[index].key;
    return std::string_view(tree_.text).substr(key.at, key.size);
  }

  JsonNodes& tree_;
};

std::optional<Rejection> Copier::value(ondemand::value value, JsonNodes::Span key) {
  // Begins with the value; what is behind it may be space.
  const std::string_view token = value.raw_json_token();
  switch (token.empty() ? '\0' : token.front()) {
    case '[': {
      ondemand::array found;
      if (const auto error = value.get_array().get(found)) return not_json(error);
      return array(found, key);
    }
    case '{': {
      ondemand::object found;
      if (const auto error = value.get_object().get(found)) return not_json(error);
      return object(found, key);
    }
    case '"':
      return string(value, key);
    default:
      return scalar(trim_json(token), key);
  }
}

std::optional<Rejection> Copier::array(ondemand::array array, JsonNodes::Span key) {
  const std::uint32_t index = open(Kind::kArray, key);
  std::uint32_t count = 0;
  for (auto element : array) {
    ondemand::value found;
    if (const auto error = element.get(found)) return not_json(error);
    if (auto rejection = value(found, {})) return rejection;
    ++count;
  }
  close(index, count);
  return std::nullopt;
}

std::optional<Rejection> Copier::object(ondemand::object object, JsonNodes::Span key) {
  const std::uint32_t index = open(Kind::kObject, key);
  std::uint32_t count = 0;
  for (auto member : object) {
    std::string_view name;
    if (const auto error = member.unescaped_key().get(name)) return not_json(error);
    const JsonNodes::Span kept = keep(name);
    ondemand::value found;
    if (const auto error = member.value().get(found)) return not_json(error);
    if (auto rejection = value(found, kept)) return rejection;
    ++count;
  }
  close(index, count);
  return check_keys(index);
}

std::optional<Rejection> Copier::string(ondemand::value value, JsonNodes::Span key) {
  std::string_view text;
  if (const auto error = value.get_string().get(text)) return not_json(error);
  open(Kind::kString, key, keep(text));
  return std::nullopt;
}

std::optional<Rejection> Copier::scalar(std::string_view token, JsonNodes::Span key) {
  if (token == "null")
    open(Kind::kNull, key, keep(token));
  else if (token == "true" || token == "false")
    open(Kind::kBool, key, keep(token));
  else if (is_json_number(token))
    open(Kind::kNumber, key, keep(token));
  else
    return reject(Reason::kNotJson, fmt::format("{} is no JSON value", excerpt(token)));
  return std::nullopt;
}

std::optional<Rejection> Copier::check_keys(std::uint32_t object) const {
  const std::optional<std::string_view> twice =
      tree_.nodes[object].count <= kFewKeys ? twice_of_few(object) : twice_of_many(object);
  if (!twice) return std::nullopt;
  return reject(Reason::kDuplicateKey,
                fmt::format("{} stands twice in an object", excerpt(*twice)));
}

std::optional<std::string_view> Copier::twice_of_few(std::uint32_t object) const {
  const std::uint32_t end = tree_.nodes[object].next;
  for (std::uint32_t at = object + 1; at < end; at = tree_.nodes[at].next)
    for (std::uint32_t other = tree_.nodes[at].next; other < end; other = tree_.nodes[other].next)
      if (key_of(at) == key_of(other)) return key_of(at);
  return std::nullopt;
}

std::optional<std::string_view> Copier::twice_of_many(std::uint32_t object) const {
  std::vector<std::string_view> keys;
  keys.reserve(tree_.nodes[object].count);
  for (std::uint32_t at = object + 1; at < tree_.nodes[object].next; at = tree_.nodes[at].next)
    keys.push_back(key_of(at));
  std::ranges::sort(keys);
  const auto twice = std::ranges::adjacent_find(keys);
  if (twice == keys.end()) return std::nullopt;
  return *twice;
}

/// Kept per thread from one document to the next: the buffers of most are as large as those of the
/// one before.
struct Kept {
  ondemand::parser
      parser;  ///< its buffers fit the largest text so far: HTTP's body limit bounds them
  std::string padded;
  std::unique_ptr<JsonNodes> tree;
};
/// Larger trees are not kept.
constexpr std::size_t kKeptBytesMax = std::size_t{256} << 10;

JsonDocument::Tree empty_tree() {
  Kept& kept = per_thread<Kept>();
  JsonDocument::Tree tree(kept.tree ? kept.tree.release() : new JsonNodes);
  tree->nodes.clear();
  tree->text.clear();
  return tree;
}

/// `text` as the only element of an array, with the bytes behind it that simdjson may read. The
/// array makes a scalar, nothing at all, and more than one value the same case as all others.
std::string_view wrapped(std::string_view text) {
  std::string& padded = per_thread<Kept>().padded;
  padded.clear();
  padded.reserve(text.size() + 2 + simdjson::SIMDJSON_PADDING);
  padded += '[';
  padded += text;
  padded += ']';
  padded.append(simdjson::SIMDJSON_PADDING, '\0');
  return padded;
}

}  // namespace

std::optional<JsonValue> JsonValue::find(std::string_view key) const {
  if (!is(Kind::kObject)) return std::nullopt;
  for (const JsonValue member : *this)
    if (member.key() == key) return member;
  return std::nullopt;
}

void JsonDocument::PutBack::operator()(JsonNodes* tree) const {
  const std::size_t bytes =
      tree->nodes.capacity() * sizeof(JsonNodes::Node) + tree->text.capacity();
  if (bytes <= kKeptBytesMax)
    per_thread<Kept>().tree.reset(tree);
  else
    delete tree;
}

Read<JsonDocument> parse_json(std::string_view text) {
  const auto shape = scan_json(text);
  if (!shape) return reject(Reason::kNotJson, "brackets or quotes do not match");
  if (shape->depth_max > kJsonDepthMax)
    return reject(Reason::kTooDeep, fmt::format("nested {} deep, at most {} is read",
                                                shape->depth_max, kJsonDepthMax));
  const std::string_view padded = wrapped(text);
  ondemand::document document;
  if (const auto error = per_thread<Kept>()
                             .parser.iterate(padded.data(), text.size() + 2, padded.size())
                             .get(document))
    return not_json(error);
  ondemand::array outer;
  if (const auto error = document.get_array().get(outer)) return not_json(error);
  JsonDocument::Tree tree = empty_tree();
  tree->nodes.reserve(shape->values_max + 1);
  tree->text.reserve(text.size());
  if (auto rejection = Copier(*tree).array(outer, {})) return std::move(*rejection);
  // After the scan the array can end nowhere but at the end, as long as the scan and simdjson agree
  // on what a string is; half a text taken for a whole would be billed, so it is checked again.
  if (document.current_location().error() != simdjson::OUT_OF_BOUNDS)
    return reject(Reason::kNotJson, "something stands behind the value");
  if (tree->nodes.front().count != 1)
    return reject(Reason::kNotJson, fmt::format("{} values", tree->nodes.front().count));
  return JsonDocument(std::move(tree));
}

}  // namespace meterbill
