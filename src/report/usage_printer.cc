#include "report/usage_printer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/printable.h"
#include "domain/unit.h"
#include "report/csv.h"
#include "report/text_table.h"

namespace meterbill {
namespace {

constexpr std::size_t kQuantityColumns = 16;  // what one reading can say; a longer sum sticks out

std::string spaces(const std::string& cell, std::size_t columns) {
  return std::string(columns - std::min(columns, columns_of(cell)), ' ');
}

/// The cell as people may see it, at least that wide, and the gap to the next column.
std::string left(const std::string& cell, std::size_t columns) {
  const std::string shown = printable(cell);
  return shown + spaces(shown, columns) + "  ";
}

/// As wide as the title and the widest cell.
std::size_t column(std::string_view title, std::size_t widest) {
  return std::max(title.size(), widest);
}

std::string csv_rows(const MachineUsage& piece) {
  std::string text;
  CsvRow row;
  for (const UsageReportRow& usage : piece.rows) {
    row.text(piece.machine.str()).text(usage.scope.str()).text(usage.labels);
    row.plain(usage.time).text(usage.meter.str()).plain(to_string(usage.quantity));
    row.plain(meter_kind(usage.meter).base_unit);
    text += row.finish();
  }
  return text;
}

}  // namespace

std::string UsagePrinter::begin() {
  const std::string by{to_string(by_)};
  switch (format_) {
    case UsageFormat::kCsv:
      return csv_header({"machine", "scope", "labels", by, "meter", "quantity", "unit"});
    case UsageFormat::kJson:
      json_.begin_object().string("by", by).string("period", period_).begin_array("machines");
      return json_.take();
    case UsageFormat::kText:
      break;
  }
  return "";  // the head comes with the first row
}

std::string UsagePrinter::add(const MachineUsage& piece) {
  std::string text;
  if (machine_ != piece.machine) {
    text = end_of_machine();
    machine_ = piece.machine;
    time_ = "";
    if (format_ == UsageFormat::kJson) begin_machine(json_, piece.machine);
  }
  steps_.insert(steps_.end(), piece.clock_steps.begin(), piece.clock_steps.end());
  switch (format_) {
    case UsageFormat::kCsv:
      return text + csv_rows(piece);
    case UsageFormat::kJson:
      write_rows(json_, by_, piece.rows);
      return text + json_.take();
    case UsageFormat::kText:
      break;
  }
  return text + rows_text(piece);
}

std::string UsagePrinter::end() {
  std::string text = end_of_machine();
  if (format_ == UsageFormat::kText && !has_head_) return text + "no usage in " + period_ + "\n";
  if (format_ != UsageFormat::kJson) return text;
  json_.end_array().end_object();
  return text + json_.take() + "\n";
}

std::string UsagePrinter::end_of_machine() {
  if (!machine_) return "";
  const std::vector<ClockStep> steps = std::exchange(steps_, {});
  std::string text;
  if (format_ == UsageFormat::kJson) {
    end_machine(json_, steps);
    text = json_.take();
  } else if (format_ == UsageFormat::kText) {
    for (const ClockStep& step : steps)
      text += fmt::format("{}  clock step: {} s of 900 s in slot {}\n", printable(machine_->str()),
                          seconds_text(step), to_string(step.slot));
  }
  return text;
}

std::string UsagePrinter::text_row(const std::string& scope, const std::string& labels,
                                   const std::string& meter, const std::string& quantity,
                                   std::string_view unit) const {
  return "  " + left(scope, column("scope", widths_.scope)) +
         left(labels, column("labels", widths_.labels)) +
         left(meter, column("meter", widths_.meter)) + spaces(quantity, kQuantityColumns) +
         quantity + "  " + std::string(unit) + "\n";
}

std::string UsagePrinter::rows_text(const MachineUsage& piece) {
  std::string text;
  if (!piece.rows.empty() && !std::exchange(has_head_, true))
    text = fmt::format("machine  {}\n", to_string(by_)) +
           text_row("scope", "labels", "meter", "quantity", "unit");
  for (const UsageReportRow& row : piece.rows) {
    if (std::exchange(time_, row.time) != row.time)
      text += printable(piece.machine.str()) + "  " + row.time + "\n";
    text += text_row(row.scope.str(), row.labels, row.meter.str(), to_string(row.quantity),
                     meter_kind(row.meter).base_unit);
  }
  return text;
}

}  // namespace meterbill
