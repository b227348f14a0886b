#include "report/csv.h"

#include <utility>

namespace meterbill {

CsvRow& CsvRow::text(std::string_view cell) {
  constexpr std::string_view kStartsFormula = "=+-@\t\r\n";
  const bool is_risky =
      !cell.empty() && kStartsFormula.find(cell.front()) != std::string_view::npos;
  return plain(is_risky ? "'" + std::string(cell) : std::string(cell));
}

CsvRow& CsvRow::plain(std::string_view cell) {
  if (!is_first_) row_ += ',';
  is_first_ = false;
  if (cell.find_first_of(",\"\r\n") == std::string_view::npos) {
    row_ += cell;
    return *this;
  }
  row_ += '"';
  for (const char c : cell) {
    if (c == '"') row_ += '"';
    row_ += c;
  }
  row_ += '"';
  return *this;
}

std::string CsvRow::finish() {
  is_first_ = true;
  return std::exchange(row_, {}) + "\r\n";
}

std::string csv_header(const std::vector<std::string_view>& names) {
  CsvRow row;
  for (const std::string_view name : names) row.plain(name);
  return row.finish();
}

}  // namespace meterbill
