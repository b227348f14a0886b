#include "report/text_table.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/assert.h"
#include "base/printable.h"

namespace meterbill {
namespace {

constexpr std::size_t kLabelColumns = 11;
constexpr std::size_t kLineColumns = 80;

/// What a column needs on each side of its alignment edge.
struct Width {
  std::size_t before = 0;
  std::size_t after = 0;
  [[nodiscard]] std::size_t total() const { return before + after; }
};

Width width_of(const std::string& cell, Align align) {
  const std::size_t length = columns_of(cell);
  if (align != Align::kPoint) return {length, 0};
  const std::size_t point = cell.find('.');
  if (point == std::string::npos) return {length, 0};
  const std::size_t before = columns_of(std::string_view(cell).substr(0, point));
  return {before, length - before};
}

std::string padded(const std::string& cell, const Column& column, Width width) {
  const Width own = width_of(cell, column.align);
  const bool right = column.align != Align::kLeft;
  const std::size_t free = width.total() - own.total();
  const std::size_t left_pad = column.align == Align::kPoint ? width.before - own.before
                               : right                       ? free
                                                             : 0;
  return std::string(left_pad, ' ') + cell + std::string(free - left_pad, ' ');
}

std::string without_trailing_spaces(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

}  // namespace

std::size_t columns_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

void TextTable::row(std::vector<std::string> cells) {
  MB_ASSERT(cells.size() == columns_.size());
  for (std::string& cell : cells) cell = printable(cell);
  rows_.emplace_back(std::move(cells));
}

void TextTable::heading(std::string_view text) { rows_.emplace_back(printable(text)); }

std::string TextTable::text() const {
  std::vector<Width> widths(columns_.size());
  for (const auto& row : rows_)
    if (const auto* cells = std::get_if<std::vector<std::string>>(&row))
      for (std::size_t i = 0; i < cells->size(); ++i) {
        const Width own = width_of((*cells)[i], columns_[i].align);
        widths[i].before = std::max(widths[i].before, own.before);
        widths[i].after = std::max(widths[i].after, own.after);
      }
  std::string titles;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const std::size_t title = columns_of(columns_[i].title);
    if (title > widths[i].total()) widths[i].before += title - widths[i].total();
    const Align align = columns_[i].align == Align::kLeft ? Align::kLeft : Align::kRight;
    titles += padded(columns_[i].title, {"", align}, {widths[i].total(), 0}) + "  ";
  }
  std::string text = without_trailing_spaces(std::move(titles)) + "\n";
  for (const auto& row : rows_) {
    if (const auto* heading = std::get_if<std::string>(&row)) {
      text += *heading + "\n";
      continue;
    }
    const auto& cells = std::get<std::vector<std::string>>(row);
    std::string line;
    for (std::size_t i = 0; i < cells.size(); ++i)
      line += padded(cells[i], columns_[i], widths[i]) + "  ";
    text += without_trailing_spaces(std::move(line)) + "\n";
  }
  return text;
}

std::size_t TextTable::line_columns() const {
  std::size_t longest = 0;
  const std::string all = text();
  for (std::size_t at = 0; at < all.size();) {
    const std::size_t end = all.find('\n', at);
    longest = std::max(longest, columns_of(std::string_view(all).substr(at, end - at)));
    at = end + 1;
  }
  return longest;
}

TextTable TextTable::without(std::size_t column) const {
  const auto at = static_cast<std::ptrdiff_t>(column);
  TextTable table = *this;
  table.columns_.erase(table.columns_.begin() + at);
  for (auto& row : table.rows_)
    if (auto* cells = std::get_if<Cells>(&row)) cells->erase(cells->begin() + at);
  return table;
}

std::string TextTable::fitted_text() const {
  TextTable table = *this;
  std::string dropped;
  while (table.line_columns() > kLineColumns) {
    const auto order = [](const Column& column) {
      return column.drop == 0 ? std::numeric_limits<int>::max() : column.drop;
    };
    const auto next = std::ranges::min_element(table.columns_, {}, order);
    if (next == table.columns_.end() || next->drop == 0) break;
    dropped += (dropped.empty() ? "" : ", ") + next->title;
    table = table.without(static_cast<std::size_t>(next - table.columns_.begin()));
  }
  if (dropped.empty()) return table.text();
  return table.text() + "left out to fit 80 columns: " + dropped + "; --json has all\n";
}

std::string labelled_parts(std::string_view label, std::size_t indent,
                           const std::vector<std::string>& parts) {
  constexpr std::string_view kGap = "   ";
  std::string text;
  std::string line =
      std::string(label) + std::string(indent - std::min(indent, columns_of(label)), ' ');
  bool line_is_empty = true;
  const auto end_line = [&] {
    text += without_trailing_spaces(std::move(line)) + "\n";
    line = std::string(indent, ' ');
    line_is_empty = true;
  };
  const auto put = [&](std::string_view piece, std::string_view gap) {
    if (!line_is_empty) line += gap;
    line += piece;
    line_is_empty = false;
  };
  const auto fits = [&](std::string_view piece, std::string_view gap) {
    return columns_of(line) + (line_is_empty ? 0 : gap.size()) + columns_of(piece) <= kLineColumns;
  };
  for (const std::string& untrusted : parts) {
    if (untrusted.empty()) continue;
    const std::string part = printable(untrusted);
    if (!fits(part, kGap) && !line_is_empty) end_line();
    if (fits(part, kGap)) {
      put(part, kGap);
      continue;
    }
    for (std::string_view rest = part; !rest.empty();) {
      const std::size_t end = std::min(rest.find(' '), rest.size());
      if (!fits(rest.substr(0, end), " ") && !line_is_empty) end_line();
      put(rest.substr(0, end), " ");
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  end_line();
  return text;
}

std::string labelled(std::string_view label, std::string_view untrusted) {
  const std::string shown = printable(untrusted);
  std::string_view text = shown;
  std::string result{label};
  result.append(kLabelColumns - std::min(kLabelColumns - 1, columns_of(label)), ' ');
  std::size_t column = kLabelColumns;
  bool line_is_empty = true;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t length = columns_of(word);
    if (!line_is_empty && column + 1 + length > kLineColumns) {
      result = without_trailing_spaces(std::move(result)) + "\n" + std::string(kLabelColumns, ' ');
      column = kLabelColumns;
    } else if (!line_is_empty) {
      result += ' ';
      ++column;
    }
    result += word;
    column += length;
    line_is_empty = false;
  }
  return without_trailing_spaces(std::move(result)) + "\n";
}

}  // namespace meterbill
