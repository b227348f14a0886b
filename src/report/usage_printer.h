#pragma once

#include <optional>
#include <string>
#include <vector>

#include "report/usage_page.h"

namespace meterbill {

enum class UsageFormat { kText, kCsv, kJson };

/// Prints usage piece by piece, as pages bring it, so that a fleet never stands in memory. However
/// the pages were cut, the text is the same. One thread.
///
/// Text has a line for each machine and time, its rows under it: a table with all in each row would
/// not fit a terminal. CSV has the columns machine, scope, labels, slot (or hour, day), meter,
/// quantity, unit, the quantity in the meter's base unit; clock steps stand in text, in JSON and on
/// the statement.
class UsagePrinter {
 public:
  /// `page`: the first one; its rows are not printed yet.
  UsagePrinter(UsageFormat format, const UsagePage& page)
      : format_(format), by_(page.by), period_(page.period), widths_(page.widths) {}

  /// What stands before all rows.
  [[nodiscard]] std::string begin();
  /// A piece of a machine; its pieces follow each other.
  [[nodiscard]] std::string add(const MachineUsage& piece);
  /// What stands behind all rows.
  [[nodiscard]] std::string end();

 private:
  [[nodiscard]] std::string end_of_machine();
  [[nodiscard]] std::string text_row(const std::string& scope, const std::string& labels,
                                     const std::string& meter, const std::string& quantity,
                                     std::string_view unit) const;
  [[nodiscard]] std::string rows_text(const MachineUsage& piece);

  UsageFormat format_;
  UsageBy by_;
  std::string period_;
  UsageWidths widths_;
  std::optional<MachineId> machine_;  ///< whose pieces come
  std::string time_;                  ///< text: whose rows come
  bool has_head_ = false;             ///< text: above the first row
  std::vector<ClockStep> steps_;      ///< of it so far
  JsonWriter json_;
};

}  // namespace meterbill
