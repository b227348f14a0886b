#include "report/coverage_printer.h"

#include <fmt/format.h>

#include "base/printable.h"
#include "report/coverage_report.h"
#include "report/csv.h"

namespace meterbill {
namespace {

/// A line of the table: its name, what was expected, and the four kinds.
std::string table_line(std::string_view name, std::string_view expected,
                       const std::array<std::string, kCoverageKinds.size()>& kinds) {
  return fmt::format("  {:<9}{:>11}{:>12}{:>12}{:>12}{:>12}\n", name, expected, kinds[0], kinds[1],
                     kinds[2], kinds[3]);
}

std::string rows_text(const MachineCoverage& piece) {
  std::string text;
  const std::string machine = printable(piece.machine.str());
  if (!piece.is_known) return machine + "  not known: samples and usage events tell no time\n";
  for (const CoverageRow& row : piece.rows) {
    const CoverageParts parts = parts_of(row.coverage);
    const CoverageHours hours = hours_of(row.coverage);
    const CoverageParts shares = shares_of(row.coverage);
    std::array<std::string, kCoverageKinds.size()> of_hours;
    std::array<std::string, kCoverageKinds.size()> of_shares;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      of_hours.at(i) = hundredths_for_people(hours.parts.at(i), parts.at(i));
      of_shares.at(i) = hundredths_for_people(shares.at(i), parts.at(i));
    }
    text += machine + "  " + row.time + "\n";
    text += table_line("hours", hundredths_for_people(hours.expected, row.coverage.expected_us()),
                       of_hours);
    text += table_line("percent", "100.00", of_shares);
  }
  return text;
}

std::string csv_rows(const MachineCoverage& piece) {
  std::string text;
  for (const CoverageRow& of_time : piece.rows) {
    CsvRow row;
    row.text(piece.machine.str()).plain(of_time.time);
    row.plain(to_string(Int128{of_time.coverage.expected_us()}));
    for (const std::int64_t us : parts_of(of_time.coverage)) row.plain(to_string(Int128{us}));
    for (const std::int64_t share : shares_of(of_time.coverage)) row.plain(hundredths_text(share));
    text += row.finish();
  }
  return text;
}

}  // namespace

std::string CoveragePrinter::begin() {
  const std::string by{time_name(by_)};
  switch (format_) {
    case UsageFormat::kCsv:
      return csv_header({"machine", by, "expected_us", "metered_us", "estimated_us", "off_us",
                         "missing_us", "metered_percent", "estimated_percent", "off_percent",
                         "missing_percent"});
    case UsageFormat::kJson:
      json_.begin_object().string("by", by).string("period", period_).begin_array("machines");
      return json_.take();
    case UsageFormat::kText:
      break;
  }
  return "";  // the head comes with the first machine
}

std::string CoveragePrinter::add(const MachineCoverage& piece) {
  std::string text;
  if (machine_ != piece.machine) {
    text = end_of_machine();
    machine_ = piece.machine;
    is_known_ = piece.is_known;
    if (format_ == UsageFormat::kJson) begin_coverage(json_, piece);
  }
  switch (format_) {
    case UsageFormat::kCsv:
      return text + csv_rows(piece);
    case UsageFormat::kJson:
      write_coverage_rows(json_, by_, piece.rows);
      return text + json_.take();
    case UsageFormat::kText:
      break;
  }
  const std::string rows = rows_text(piece);
  if (!rows.empty() && !std::exchange(has_head_, true))
    text += fmt::format("machine  {}\n", time_name(by_)) +
            table_line("", "expected", {"metered", "estimated", "off", "missing"});
  return text + rows;
}

std::string CoveragePrinter::end() {
  std::string text = end_of_machine();
  if (format_ == UsageFormat::kText && !has_head_)
    return text + "no time was expected in " + period_ + "\n";
  if (format_ != UsageFormat::kJson) return text;
  json_.end_array().end_object();
  return text + json_.take() + "\n";
}

std::string CoveragePrinter::end_of_machine() {
  if (!machine_ || format_ != UsageFormat::kJson) return "";
  end_coverage(json_, is_known_);
  return json_.take();
}

}  // namespace meterbill
