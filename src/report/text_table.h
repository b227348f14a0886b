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
  int drop = 0;  ///< 1 is left out first when a line must fit, then 2, …; 0 never
};

/// How many columns of a terminal a text takes: its code points.
[[nodiscard]] std::size_t columns_of(std::string_view text);

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

  /// The same without as many droppable columns as it takes to fit 80 columns; a line under it
  /// names those. A line that no dropping makes short enough stays long.
  [[nodiscard]] std::string fitted_text() const;

 private:
  using Cells = std::vector<std::string>;
  [[nodiscard]] TextTable without(std::size_t column) const;
  [[nodiscard]] std::size_t line_columns() const;

  std::vector<Column> columns_;
  std::vector<std::variant<std::vector<std::string>, std::string>> rows_;
};

/// `label` padded to 11 columns, then the text, broken at spaces to fit 80 columns with following
/// lines indented by 11; ended by a newline. A word longer than a line stays whole.
/// The text is made printable().
[[nodiscard]] std::string labelled(std::string_view label, std::string_view untrusted);

/// `label` padded to `indent` columns, then the parts three spaces apart, in lines of at most 80
/// columns: a part that does not fit begins a new line, and one longer than a line is broken at
/// spaces. Empty parts are left out; all are made printable().
[[nodiscard]] std::string labelled_parts(std::string_view label, std::size_t indent,
                                         const std::vector<std::string>& parts);

}  // namespace meterbill
