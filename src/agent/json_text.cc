#include "agent/json_text.h"

#include <fmt/format.h>

#include "base/json_text.h"

namespace meterbill {
std::string json_quoted(std::string_view text) {
  std::string quoted;
  append_json_text(quoted, text);
  return quoted;
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
