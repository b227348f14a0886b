#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace meterbill {

enum class Align {
  kLeft,
  kRight,
  kPoint,  ///< decimal points under each other
};

struct Column {
  std::string title;
  Align align = Align::kLeft;
};

/// Rows of cells in aligned columns, two spaces apart, for a terminal. Columns are as wide as their
/// widest cell: a number is never cut. Widths count code points. What cells hold is made
/// printable().
class TextTable {
 public:
  explicit TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {}

  /// REQUIRES: one cell for each column.
  void row(std::vector<std::string> cells);
  /// A line of its own between the rows.
  void heading(std::string_view text);

  [[nodiscard]] std::string text() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::variant<std::vector<std::string>, std::string>> rows_;
};

/// `label` padded to 11 columns, then the text, broken at spaces to fit 80 columns with following
/// lines indented by 11; ended by a newline. A word longer than a line stays whole.
/// The text is made printable().
[[nodiscard]] std::string labelled(std::string_view label, std::string_view untrusted);

}  // namespace meterbill
