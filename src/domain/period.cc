#include "domain/period.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace meterbill {
namespace {

using std::chrono::days;
using std::chrono::months;
using std::chrono::sys_days;
using std::chrono::year_month;

constexpr std::array kMonthNames{"January",   "February", "March",    "April",
                                 "May",       "June",     "July",     "August",
                                 "September", "October",  "November", "December"};

Error not_a_period(std::string_view text) {
  return fail(Code::kInvalid,
              fmt::format("not a period: '{}'; write a month (2026-11), a day (2026-11-22), "
                          "this-month or last-month",
                          text.substr(0, 40)));
}

LocalDate first_day(year_month month) { return month / std::chrono::day{1}; }

Result<Period> between(LocalDate from, LocalDate to, const TimeZone& zone, std::string text,
                       std::string title) {
  MB_TRY(const Slot begin, slot_at(zone.start_of(from), "the start of " + text));
  MB_TRY(const Slot end, slot_at(zone.start_of(to), "the end of " + text));
  if (end <= begin)
    return fail(Code::kInvalid, fmt::format("{} has no time in {}", text, zone.data().name));
  return Period{std::move(text), std::move(title), {begin, end}};
}

Result<Period> month_period(year_month month, const TimeZone& zone) {
  const auto number = static_cast<unsigned>(month.month());
  return between(first_day(month), first_day(month + months{1}), zone,
                 fmt::format("{:04}-{:02}", static_cast<int>(month.year()), number),
                 fmt::format("{} {}", kMonthNames.at(number - 1), static_cast<int>(month.year())));
}

Result<Period> day_period(LocalDate date, const TimeZone& zone) {
  return between(date, LocalDate{sys_days{date} + days{1}}, zone, to_string(date),
                 fmt::format("{} {} {}", static_cast<unsigned>(date.day()),
                             kMonthNames.at(static_cast<unsigned>(date.month()) - 1),
                             static_cast<int>(date.year())));
}

/// The month that contains the instant. Not simply the local date's: where clocks go back over
/// midnight on the first of a month, the old month's last date comes again after its end.
year_month calendar_month(UtcTime time, const TimeZone& zone) {
  const LocalDate date = zone.local(time).date;
  const year_month month = date.year() / date.month();
  return zone.start_of(first_day(month + months{1})) <= time ? month + months{1} : month;
}

Result<Period> parse_one(std::string_view text, const TimeZone& zone, UtcTime now) {
  if (text == "this-month") return month_period(calendar_month(now, zone), zone);
  if (text == "last-month") return month_period(calendar_month(now, zone) - months{1}, zone);
  if (text.size() == 7) {
    const auto first = parse_date(std::string(text) + "-01");
    if (!first) return not_a_period(text);
    return month_period(first.value().year() / first.value().month(), zone);
  }
  const auto date = parse_date(text);
  if (!date) return not_a_period(text);
  return day_period(date.value(), zone);
}

}  // namespace

Result<Period> parse_period(std::string_view text, const TimeZone& zone, UtcTime now) {
  const std::size_t dots = text.find("..");
  if (dots == std::string_view::npos) return parse_one(text, zone, now);
  MB_TRY(const Period first, parse_one(text.substr(0, dots), zone, now));
  MB_TRY(const Period last, parse_one(text.substr(dots + 2), zone, now));
  return join(first, last);
}

Result<Period> month_of(UtcTime time, const TimeZone& zone) {
  return month_period(calendar_month(time, zone), zone);
}

Result<Period> join(const Period& first, const Period& last) {
  if (first == last) return first;
  if (last.slots.end <= first.slots.begin)
    return fail(Code::kInvalid, fmt::format("{} ends before {} begins", last.text, first.text));
  return Period{first.text + ".." + last.text,
                first.title + " to " + last.title,
                {first.slots.begin, last.slots.end}};
}

Result<LocalDate> parse_date(std::string_view text) {
  using namespace std::chrono;
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto number = [&](std::size_t at, std::size_t count) {
    int value = 0;
    for (const char c : text.substr(at, count)) value = value * 10 + (c - '0');
    return value;
  };
  const bool well_formed = text.size() == 10 && text[4] == '-' && text[7] == '-' &&
                           std::ranges::count_if(text, is_digit) == 8;
  if (well_formed) {
    const LocalDate date{year{number(0, 4)}, month{static_cast<unsigned>(number(5, 2))},
                         day{static_cast<unsigned>(number(8, 2))}};
    if (date.ok() && date.year() >= year{1970} && date.year() <= year{2199}) return date;
  }
  return fail(Code::kInvalid,
              fmt::format("not a date such as 2026-11-22: '{}'", text.substr(0, 40)));
}

Result<Slot> slot_at(UtcTime time, std::string_view what) {
  const Slot slot = Slot::containing(time);
  if (slot.start() == time) return slot;
  return fail(Code::kInvalid,
              fmt::format("{} ({}) is not on a quarter hour of UTC", what, to_string(time)));
}

}  // namespace meterbill
