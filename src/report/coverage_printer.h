#pragma once

#include <optional>
#include <string>

#include "report/coverage_page.h"
#include "report/usage_printer.h"

namespace meterbill {

/// Prints coverage piece by piece, as UsagePrinter prints usage: however the pages were cut, the
/// text is the same, and a fleet never stands in memory. One thread.
///
/// Text has a line for each machine and time, and under it the hours and their share in percent.
/// CSV has µs and the same shares.
class CoveragePrinter {
 public:
  /// `page`: the first one; its rows are not printed yet.
  CoveragePrinter(UsageFormat format, const CoveragePage& page)
      : format_(format), by_(page.by), period_(page.period) {}

  /// What stands before all rows.
  [[nodiscard]] std::string begin();
  /// A piece of a machine; its pieces follow each other.
  [[nodiscard]] std::string add(const MachineCoverage& piece);
  /// What stands behind all rows.
  [[nodiscard]] std::string end();

 private:
  [[nodiscard]] std::string end_of_machine();

  UsageFormat format_;
  std::optional<UsageBy> by_;
  std::string period_;
  std::optional<MachineId> machine_;  ///< whose pieces come
  bool is_known_ = true;
  bool has_head_ = false;  ///< text: above the first machine
  JsonWriter json_;
};

}  // namespace meterbill
