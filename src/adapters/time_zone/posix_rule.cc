#include "adapters/time_zone/posix_rule.h"

#include <fmt/format.h>

#include <chrono>
#include <optional>

namespace meterbill {

/// Reads one rule from the left. Each step returns nothing when the text is not as it must be.
class PosixRule::Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  bool done() const { return rest_.empty(); }

  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool name() {
    if (take('<')) {
      const std::size_t end = rest_.find('>');
      if (end == std::string_view::npos) return false;
      rest_.remove_prefix(end + 1);
      return true;
    }
    std::size_t length = 0;
    while (length < rest_.size() && ((rest_[length] >= 'A' && rest_[length] <= 'Z') ||
                                     (rest_[length] >= 'a' && rest_[length] <= 'z')))
      ++length;
    rest_.remove_prefix(length);
    return length >= 3;
  }

  std::optional<int> number(int min, int max) {
    int value = 0;
    std::size_t length = 0;
    while (length < rest_.size() && length < 3 && rest_[length] >= '0' && rest_[length] <= '9')
      value = value * 10 + (rest_[length++] - '0');
    rest_.remove_prefix(length);
    if (length == 0 || value < min || value > max) return std::nullopt;
    return value;
  }

  /// "[+-]h[hh][:mm[:ss]]" in seconds.
  std::optional<std::int64_t> time() {
    const bool negative = take('-');
    if (!negative) take('+');
    const auto hours = number(0, 167);
    if (!hours) return std::nullopt;
    std::int64_t seconds = std::int64_t{*hours} * 3600;
    for (const std::int64_t unit : {60, 1}) {
      if (!take(':')) break;
      const auto part = number(0, 59);
      if (!part) return std::nullopt;
      seconds += *part * unit;
    }
    return negative ? -seconds : seconds;
  }

  /// ",M3.5.0/2": month, week (5: last), weekday; or ",J60", ",59".
  std::optional<Change> change() {
    if (!take(',')) return std::nullopt;
    Change change;
    std::optional<int> day;
    if (take('M')) {
      const auto month = number(1, 12);
      const auto week = take('.') ? number(1, 5) : std::nullopt;
      day = take('.') ? number(0, 6) : std::nullopt;
      if (!month || !week) return std::nullopt;
      change.month = *month;
      change.week = *week;
    } else {
      change.form = take('J') ? Form::kJulianNoLeap : Form::kDayOfYear;
      day = change.form == Form::kJulianNoLeap ? number(1, 365) : number(0, 365);
    }
    if (!day) return std::nullopt;
    change.day = *day;
    const auto at = take('/') ? time() : std::optional<std::int64_t>{7200};
    if (!at) return std::nullopt;
    change.seconds = *at;
    return change;
  }

 private:
  std::string_view rest_;
};

Result<PosixRule> PosixRule::parse(std::string_view text) {
  const auto bad = [text] {
    return fail(Code::kDamaged, fmt::format("not a rule of a time zone: '{}'", text.substr(0, 60)));
  };
  Parser parser{text};
  PosixRule rule;
  if (!parser.name()) return bad();
  const auto west = parser.time();
  if (!west) return bad();
  rule.standard_ = -*west;
  if (parser.done()) return rule;
  if (!parser.name()) return bad();
  rule.has_summer_ = true;
  Parser ahead = parser;
  if (const auto summer_west = ahead.time()) {
    parser = ahead;
    rule.summer_ = -*summer_west;
  } else {
    rule.summer_ = rule.standard_ + 3600;
  }
  const auto to_summer = parser.change();
  const auto to_standard = parser.change();
  if (!to_summer || !to_standard || !parser.done()) return bad();
  rule.to_summer_ = *to_summer;
  rule.to_standard_ = *to_standard;
  return rule;
}

std::int64_t PosixRule::local_seconds(const Change& change, int year) {
  using namespace std::chrono;
  const std::chrono::year y{year};
  sys_days day;
  if (change.form == Form::kMonthWeekDay) {
    const auto month = y / std::chrono::month{static_cast<unsigned>(change.month)};
    const weekday wanted{static_cast<unsigned>(change.day)};
    day = change.week == 5 ? sys_days{month / wanted[last]}
                           : sys_days{month / wanted[static_cast<unsigned>(change.week)]};
  } else {
    const bool skips_leap_day = change.form == Form::kJulianNoLeap;
    const int leap = skips_leap_day && y.is_leap() && change.day >= 60 ? 1 : 0;
    day = sys_days{y / January / 1} + days{change.day - (skips_leap_day ? 1 : 0) + leap};
  }
  return duration_cast<seconds>(day.time_since_epoch()).count() + change.seconds;
}

std::int64_t PosixRule::offset_at(std::int64_t unix_seconds) const {
  using namespace std::chrono;
  if (!has_summer_) return standard_;
  const sys_seconds local{seconds{unix_seconds + standard_}};
  const int year = static_cast<int>(year_month_day{floor<days>(local)}.year());
  const std::int64_t summer = local_seconds(to_summer_, year) - standard_;
  const std::int64_t standard = local_seconds(to_standard_, year) - summer_;
  // In the south summer spans the turn of the year.
  const bool is_summer = summer < standard ? unix_seconds >= summer && unix_seconds < standard
                                           : unix_seconds >= summer || unix_seconds < standard;
  return is_summer ? summer_ : standard_;
}

}  // namespace meterbill
