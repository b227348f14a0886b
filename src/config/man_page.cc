#include "config/man_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/utf8.h"

namespace meterbill {
namespace {

constexpr std::size_t kColumns = 90;
constexpr std::string_view kNoBreak = "\u00A0";

/// One character of a text, and how roff names it; the text goes on behind it.
std::string take_character(std::string_view& text) {
  const std::size_t size = utf8_sequence(text);
  const std::string_view character = text.substr(0, std::max<std::size_t>(size, 1));
  text.remove_prefix(character.size());
  if (size == 0) return "\\[uFFFD]";
  if (character == kNoBreak) return "\\~";
  if (size > 1)
    return fmt::format("\\[u{:04X}]", static_cast<unsigned>(utf8_code_point(character)));
  switch (character.front()) {
    case '\\':
      return "\\e";
    case '-':
      return "\\-";
    case '\'':
      return "\\(aq";
    case '`':
      return "\\(ga";
    case '"':
      return "\\(dq";
    case '^':
      return "\\(ha";
    case '~':
      return "\\(ti";
    default:
      return std::string(character);
  }
}

/// A full stop at the start of a line would make the line a request.
std::string as_line(std::string line) {
  return (line.starts_with('.') ? "\\&" + std::move(line) : std::move(line)) + "\n";
}

/// Escapes a word; a backtick turns bold on and off.
std::string take_word(std::string_view& text, bool& bold) {
  std::string word;
  while (!text.empty() && text.front() != ' ' && text.front() != '\n') {
    if (text.front() == '`') {
      bold = !bold;
      word += bold ? "\\fB" : "\\fP";
      text.remove_prefix(1);
    } else {
      word += take_character(text);
    }
  }
  return word;
}

bool ends_sentence(std::string_view word) { return word.ends_with('.') || word.ends_with(".\\fP"); }

}  // namespace

std::string roff_text(std::string_view text) {
  std::string out;
  std::string line;
  bool bold = false;
  while (!text.empty()) {
    const std::string word = take_word(text, bold);
    if (!text.empty()) text.remove_prefix(1);
    if (word.empty()) continue;
    if (!line.empty() && line.size() + 1 + word.size() > kColumns)
      out += as_line(std::exchange(line, ""));
    line += (line.empty() ? "" : " ") + word;
    // So roff sets all sentences apart alike, wherever its source breaks lines.
    if (ends_sentence(word)) out += as_line(std::exchange(line, ""));
  }
  if (bold) line += "\\fP";
  return line.empty() ? out : out + as_line(std::move(line));
}

ManPage::ManPage(std::string_view name, int section, std::string_view summary) {
  std::string title{name};
  for (char& c : title)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  std::string_view rest = title;
  std::string escaped;
  while (!rest.empty()) escaped += take_character(rest);
  // No date and no version: the page says what the program of its package does.
  // HY 0: a heading turns hyphenation on again, and no command or key may be broken by it.
  roff_ = fmt::format(".TH {} {} \"\" MeterBill \"MeterBill\"\n.nr HY 0\n.nh\n.ad l\n", escaped,
                      section);
  heading("NAME");
  roff_ += roff_text(name);
  roff_.pop_back();
  roff_ += " \\- " + roff_text(summary);
}

void ManPage::heading(std::string_view text) { roff_ += ".SH " + roff_text(text); }

void ManPage::subheading(std::string_view text) { roff_ += ".SS " + roff_text(text); }

void ManPage::paragraph(std::string_view text) { roff_ += ".PP\n" + roff_text(text); }

void ManPage::item(std::string_view term, std::string_view meaning) {
  roff_ += ".TP\n" + roff_text(term) + roff_text(meaning);
}

void ManPage::more(std::string_view text) { roff_ += ".IP\n" + roff_text(text); }

void ManPage::example(std::string_view lines) {
  roff_ += ".PP\n.RS 4\n.EX\n";
  std::string line;
  while (!lines.empty()) {
    if (lines.front() == '\n') {
      roff_ += as_line(std::exchange(line, ""));
      lines.remove_prefix(1);
    } else {
      line += take_character(lines);
    }
  }
  if (!line.empty()) roff_ += as_line(std::move(line));
  roff_ += ".EE\n.RE\n";
}

void ManPage::see_also(std::string_view pages) {
  heading("SEE ALSO");
  std::string text;
  while (!pages.empty()) {
    const std::size_t space = std::min(pages.find(' '), pages.size());
    const std::string_view page = pages.substr(0, space);
    const std::size_t bracket = std::min(page.find('('), page.size());
    text += fmt::format("{}`{}`{}", text.empty() ? "" : ", ", page.substr(0, bracket),
                        page.substr(bracket));
    pages.remove_prefix(std::min(space + 1, pages.size()));
  }
  paragraph(text);
}

}  // namespace meterbill
