#include "wire/json_scan.h"

#include <algorithm>

namespace meterbill {
namespace {

/// Offset of the quote that ends the string opened at `open`; text.size() when there is none.
std::size_t string_end(std::string_view text, std::size_t open, bool has_escapes) {
  if (!has_escapes) return std::min(text.find('"', open + 1), text.size());
  std::size_t at = open + 1;
  while (at < text.size() && text[at] != '"') at += text[at] == '\\' ? 2U : 1U;
  return std::min(at, text.size());
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

}  // namespace

std::optional<JsonShape> scan_json(std::string_view text, std::vector<std::size_t>* commas) {
  JsonShape shape;
  std::size_t depth = 0;
  const bool has_escapes = text.find('\\') != std::string_view::npos;
  for (std::size_t at = 0; at < text.size(); ++at) {
    switch (text[at]) {
      case '"':
        at = string_end(text, at, has_escapes);
        if (at == text.size()) return std::nullopt;
        break;
      case '\\':  // outside a string; a parser might take the quote behind it for an escaped one
        return std::nullopt;
      case '[':
      case '{':
        shape.depth_max = std::max(shape.depth_max, ++depth);
        ++shape.values_max;
        break;
      case ']':
      case '}':
        if (depth-- == 0) return std::nullopt;
        break;
      case ',':
        ++shape.values_max;
        if (depth == 1 && commas != nullptr) commas->push_back(at);
        break;
      default:
        break;
    }
  }
  if (depth != 0) return std::nullopt;
  return shape;
}

std::string_view trim_json(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace meterbill
