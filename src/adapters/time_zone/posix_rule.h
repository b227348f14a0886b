#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace meterbill {

/// The rule at the end of a compiled zone file: what holds for ever after its last listed change
/// (POSIX.1-2017 §8.3 `TZ`, with the wider hours of RFC 8536 §3.3.1), such as
/// "CET-1CEST,M3.5.0,M10.5.0/3". The date library does not read it, and would leave a zone in
/// winter time from 2038 on, or from the last listed change of a file without the redundant ones.
class PosixRule {
 public:
  /// Only the forms that zone files use: `M` dates and days of the year, with or without times.
  [[nodiscard]] static Result<PosixRule> parse(std::string_view text);

  /// Seconds east of UTC at that instant (unix seconds). REQUIRES: a year from 1900 to 2500.
  [[nodiscard]] std::int64_t offset_at(std::int64_t unix_seconds) const;

 private:
  enum class Form { kMonthWeekDay, kJulianNoLeap, kDayOfYear };
  struct Change {
    Form form = Form::kMonthWeekDay;
    int month = 0;
    int week = 0;
    int day = 0;
    std::int64_t seconds = 0;  ///< after local midnight, in the time before the change
  };
  class Parser;

  [[nodiscard]] static std::int64_t local_seconds(const Change& change, int year);

  std::int64_t standard_ = 0;
  std::int64_t summer_ = 0;
  bool has_summer_ = false;
  Change to_summer_;
  Change to_standard_;
};

}  // namespace meterbill
