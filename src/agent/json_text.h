#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace meterbill {

/// Writes one JSON object or array, member by member, in the order given. Not a library: there is
/// no floating point here, and no money.
class JsonText {
 public:
  static JsonText object() { return JsonText('{', '}'); }
  static JsonText array() { return JsonText('[', ']'); }

  JsonText& member(std::string_view name, std::string_view text);
  JsonText& member(std::string_view name, const char* text) {
    return member(name, std::string_view(text));
  }
  JsonText& member(std::string_view name, std::int64_t value);
  JsonText& member(std::string_view name, bool value);
  JsonText& null(std::string_view name);
  /// `json` is JSON already: a nested object, or a number with decimals.
  JsonText& raw(std::string_view name, std::string_view json);
  /// Of an array.
  JsonText& element(std::string_view json);

  [[nodiscard]] std::string text() const { return text_ + close_; }

 private:
  JsonText(char open, char close) : text_(1, open), close_(close) {}
  void comma();

  std::string text_;
  char close_;
};

/// "\"a\\nb\"": in quotes, escaped as RFC 8259 demands.
[[nodiscard]] std::string json_quoted(std::string_view text);

}  // namespace meterbill
