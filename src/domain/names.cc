#include "domain/names.h"

#include <algorithm>

#include "base/utf8.h"

namespace meterbill {
namespace {

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alphanumeric(char c) { return is_lower(c) || (c >= 'A' && c <= 'Z') || is_digit(c); }

}  // namespace

bool is_machine_id(std::string_view text) {
  return !text.empty() && text.size() <= 128 && is_alphanumeric(text.front()) &&
         std::ranges::all_of(text, [](char c) {
           return is_alphanumeric(c) || c == '.' || c == '_' || c == ':' || c == '-';
         });
}

bool is_scope(std::string_view text) {
  if (text.empty() || text.size() > kScopeBytesMax || !is_clean_utf8(text)) return false;
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos)
    return text == "machine" || text == "unattributed" || text == "other";
  return colon > 0 && colon + 1 < text.size() &&
         std::ranges::all_of(text.substr(0, colon), is_lower);
}

bool is_meter(std::string_view text) {
  return !text.empty() && text.size() <= 32 && is_lower(text.front()) &&
         std::ranges::all_of(text, [](char c) { return is_lower(c) || is_digit(c) || c == '_'; });
}

bool is_epoch(std::string_view text) {
  return text.size() == 32 &&
         std::ranges::all_of(text, [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); });
}

bool is_boot_id(std::string_view text) {
  return !text.empty() && text.size() <= 64 &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

bool is_label_key(std::string_view text) {
  return !text.empty() && text.size() <= 63 && std::ranges::all_of(text, [](char c) {
    return is_lower(c) || is_digit(c) || c == '_' || c == '.' || c == '-';
  });
}

bool is_clean_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_sequence(text);
    if (length == 0) return false;
    const char32_t point = utf8_code_point(text.substr(0, length));
    if (point < 0x20 || (point >= 0x7F && point <= 0x9F)) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string to_text(const Labels& labels) {
  std::string text;
  for (const auto& [key, value] : labels) {
    if (!text.empty()) text += ',';
    text += key;
    text += '=';
    for (const char c : value) {
      if (c == '\\' || c == ',' || c == '=') text += '\\';
      text += c;
    }
  }
  return text;
}

const ScopeName& machine_scope() {
  static const ScopeName kName{"machine"};
  return kName;
}

bool is_view(const ScopeName& scope) { return scope.str().starts_with("view:"); }

const EpochId& samples_epoch() {
  static const EpochId kId{"samples"};
  return kId;
}

const EpochId& events_epoch() {
  static const EpochId kId{"events"};
  return kId;
}

}  // namespace meterbill
