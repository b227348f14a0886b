#include "agent/json_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "domain/names.h"

namespace meterbill {
namespace {

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\x7f'; }

/// Messages can quote what came from outside, in any encoding.
bool is_utf8(std::string_view text) {
  std::string printable(text);
  std::erase_if(printable, is_control);
  return is_clean_utf8(printable);
}

}  // namespace

std::string json_quoted(std::string_view text) {
  const bool utf8 = is_utf8(text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (!utf8 && static_cast<unsigned char>(c) >= 0x80) {
      quoted += '?';
    } else if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (is_control(c)) {
      quoted += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

void JsonText::comma() {
  if (text_.size() > 1) text_ += ',';
}

JsonText& JsonText::raw(std::string_view name, std::string_view json) {
  comma();
  text_ += json_quoted(name);
  text_ += ':';
  text_ += json;
  return *this;
}

JsonText& JsonText::member(std::string_view name, std::string_view text) {
  return raw(name, json_quoted(text));
}
JsonText& JsonText::member(std::string_view name, std::int64_t value) {
  return raw(name, fmt::format("{}", value));
}
JsonText& JsonText::member(std::string_view name, bool value) {
  return raw(name, value ? "true" : "false");
}
JsonText& JsonText::null(std::string_view name) { return raw(name, "null"); }

JsonText& JsonText::element(std::string_view json) {
  comma();
  text_ += json;
  return *this;
}

}  // namespace meterbill
