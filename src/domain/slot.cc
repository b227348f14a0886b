#include "domain/slot.h"

#include <fmt/format.h>

#include <chrono>
#include <optional>

namespace meterbill {
namespace {

/// Exactly `count` digits at `at`, as a number.
std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
  if (at + count > text.size()) return std::nullopt;
  int value = 0;
  for (const char c : text.substr(at, count)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

/// Microseconds of ".250": digits past the sixth are cut. Moves `text` behind them.
std::optional<std::int64_t> take_fraction(std::string_view& text) {
  if (!text.starts_with('.')) return 0;
  text.remove_prefix(1);
  std::int64_t micros = 0;
  std::size_t seen = 0;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    if (seen < 6) micros = micros * 10 + (text.front() - '0');
    ++seen;
    text.remove_prefix(1);
  }
  if (seen == 0 || seen > 18) return std::nullopt;
  for (; seen < 6; ++seen) micros *= 10;
  return micros;
}

/// Minutes east of UTC of "Z" or "+01:00", which must be all of `text`.
std::optional<std::int64_t> offset_minutes(std::string_view text) {
  if (text == "Z") return 0;
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return std::nullopt;
  const auto hours = digits(text, 1, 2);
  const auto minutes = digits(text, 4, 2);
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  const std::int64_t total = *hours * 60 + *minutes;
  return text[0] == '-' ? -total : total;
}

}  // namespace

Result<UtcTime> parse_utc(std::string_view text) {
  using namespace std::chrono;
  const auto bad = [&] {
    return fail(Code::kInvalid, fmt::format("not an RFC 3339 time: '{}'", text.substr(0, 40)));
  };
  const auto year_number = digits(text, 0, 4), month_number = digits(text, 5, 2),
             day_number = digits(text, 8, 2), hour = digits(text, 11, 2),
             minute = digits(text, 14, 2), second = digits(text, 17, 2);
  if (!year_number || !month_number || !day_number || !hour || !minute || !second) return bad();
  if (text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':')
    return bad();
  const year_month_day date{year{*year_number}, month{static_cast<unsigned>(*month_number)},
                            day{static_cast<unsigned>(*day_number)}};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 59) return bad();
  std::string_view rest = text.substr(19);
  const auto fraction = take_fraction(rest);
  const auto offset = offset_minutes(rest);
  if (!fraction || !offset) return bad();
  const auto whole = sys_days{date}.time_since_epoch() + hours{*hour} + minutes{*minute - *offset} +
                     seconds{*second};
  return UtcTime{duration_cast<microseconds>(whole).count() + *fraction};
}

Result<Slot> Slot::from_unix_seconds(std::int64_t seconds) {
  if (seconds % kSeconds != 0)
    return fail(Code::kInvalid, fmt::format("{} s is not on a quarter hour", seconds));
  return Slot{seconds / kSeconds};
}

Result<Slot> Slot::parse(std::string_view text) {
  if (text.size() != 20 || text.back() != 'Z')
    return fail(Code::kInvalid,
                fmt::format("not a slot such as 2026-11-22T10:15:00Z: '{}'", text.substr(0, 40)));
  MB_TRY(const UtcTime time, parse_utc(text));
  const auto slot = from_unix_seconds(time.us / 1'000'000);
  if (!slot) return fail(Code::kInvalid, fmt::format("'{}' is not on a quarter hour", text));
  return slot;
}

std::string to_string(Slot slot) { return to_string(slot.start()); }

}  // namespace meterbill
