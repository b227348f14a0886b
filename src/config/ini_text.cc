#include "config/ini_text.h"

#include <algorithm>
#include <optional>

#include "domain/names.h"

namespace meterbill {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

bool is_name(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  });
}

/// Nothing, or a comment: what may stand behind a quoted value or a section.
bool is_rest(std::string_view text) {
  return trim(text).empty() || (is_blank(text.front()) && trim(text).starts_with('#'));
}

/// Where an unquoted value ends because a comment begins. `text` starts behind the '='.
std::size_t comment_start(std::string_view text) {
  for (std::size_t i = 1; i < text.size(); ++i)
    if (text[i] == '#' && is_blank(text[i - 1])) return i;
  return text.size();
}

/// Reads `"…"` at the start of `text` into `value`; a message when it cannot be read.
std::optional<std::string> read_quoted(std::string_view text, std::string& value) {
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      if (is_rest(text.substr(i + 1))) return std::nullopt;
      return "text behind the closing quote; write \\\" for a quote inside a quoted value";
    }
    if (text[i] == '\\') {
      ++i;
      if (i == text.size() || (text[i] != '"' && text[i] != '\\'))
        return "a lone backslash in a quoted value; write \\\\ for one, or leave the quotes away";
    }
    value += text[i];
  }
  return "the closing quote is missing";
}

class Splitter {
 public:
  void line(std::string_view raw) {
    ++number_;
    std::string_view text = raw;
    if (text.ends_with('\r')) text.remove_suffix(1);
    std::string printable{text};
    std::ranges::replace(printable, '\t', ' ');
    if (!is_clean_utf8(printable)) return problem("not UTF-8 without control characters");
    text = trim(text);
    if (text.empty() || text.front() == '#' || text.front() == ';') return;
    if (text.front() == '[') return section(text);
    entry(text);
  }

  IniText take() { return std::move(result_); }

 private:
  void problem(std::string message) {
    result_.problems.push_back({.line = number_, .message = std::move(message)});
  }

  void section(std::string_view text) {
    const std::size_t close = text.find(']');
    const std::string_view name = trim(text.substr(1, close == text.npos ? 0 : close - 1));
    if (close == text.npos || !is_name(name) || !is_rest(text.substr(close + 1)))
      return problem("a section is written [name]");
    section_ = name;
    result_.sections.push_back({.line = number_, .name = section_});
  }

  void entry(std::string_view text) {
    const std::size_t equals = text.find('=');
    const std::string_view key = trim(text.substr(0, equals));
    if (equals == text.npos) return problem("expected key = value, [section] or a comment");
    if (!is_name(key)) return problem("the key before '=' is not a name like agent.interval");
    const std::string_view rest = text.substr(equals + 1);
    IniEntry made{.line = number_, .section = section_, .key = std::string(key), .value = {}};
    if (const std::string_view value = trim(rest); value.starts_with('"')) {
      if (auto wrong = read_quoted(value, made.value))
        return problem(std::string(key) + ": " + *wrong);
    } else {
      const std::size_t end = comment_start(rest);
      made.value = trim(rest.substr(0, end));
      made.cut_by_comment = end < rest.size();
    }
    result_.entries.push_back(std::move(made));
  }

  IniText result_;
  std::string section_;
  int number_ = 0;
};

}  // namespace

IniText split_ini(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";  // some Windows editors write it
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  Splitter splitter;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    splitter.line(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return splitter.take();
}

}  // namespace meterbill
