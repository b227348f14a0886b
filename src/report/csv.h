#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace meterbill {

/// A row of CSV (RFC 4180), ended by CR LF, cell by cell.
class CsvRow {
 public:
  /// Text that came from outside or may be anything. A spreadsheet runs cells that begin with
  /// = + - @, a tab or a line end as formulas: those get a ' in front.
  CsvRow& text(std::string_view cell);

  /// Digits, instants and words of our own: written as they are.
  CsvRow& plain(std::string_view cell);

  /// The row; this object is empty again.
  [[nodiscard]] std::string finish();

 private:
  std::string row_;
  bool is_first_ = true;
};

/// The first row: names of columns.
[[nodiscard]] std::string csv_header(const std::vector<std::string_view>& names);

}  // namespace meterbill
