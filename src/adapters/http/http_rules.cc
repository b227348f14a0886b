#include "adapters/http/http_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <utility>

namespace meterbill {
namespace {

constexpr std::array<std::string_view, 7> kWeekdays = {"Sun", "Mon", "Tue", "Wed",
                                                       "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<std::string> percent_decode(std::string_view text, bool plus_is_blank) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    char c = text[at];
    if (c == '+' && plus_is_blank) c = ' ';
    if (c == '%') {
      const int high = at + 2 < text.size() ? hex_value(text[at + 1]) : -1;
      const int low = at + 2 < text.size() ? hex_value(text[at + 2]) : -1;
      if (high < 0 || low < 0) return fail(Code::kInvalid, "'%' without two hex digits");
      c = static_cast<char>(high * 16 + low);
      at += 2;
    }
    if (c == '\0') return fail(Code::kInvalid, "a NUL byte");
    out += c;
  }
  return out;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return out;
}

bool is_made_of(std::string_view text, std::string_view others) {
  return std::ranges::all_of(text, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || others.find(c) != others.npos;
  });
}

bool is_port(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value <= 65535;
}

Result<void> parse_query(std::string_view text, HttpTarget& target) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('&'), text.size());
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    MB_TRY(auto name, percent_decode(pair.substr(0, equals), true));
    MB_TRY(auto value, percent_decode(pair.substr(std::min(equals + 1, pair.size())), true));
    target.query.emplace(std::move(name), std::move(value));
  }
  return ok();
}

template <std::size_t Size>
std::optional<unsigned> index_of(const std::array<std::string_view, Size>& names,
                                 std::string_view name) {
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) return std::nullopt;
  return static_cast<unsigned>(found - names.begin());
}

std::optional<int> digits(std::string_view text) {
  int value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

}  // namespace

Result<HttpTarget> parse_target(std::string_view target) {
  HttpTarget parsed;
  if (lower(target.substr(0, 7)) == "http://") {
    target.remove_prefix(7);
    const std::size_t end = std::min(target.find_first_of("/?"), target.size());
    parsed.authority = target.substr(0, end);
    target.remove_prefix(end);
    if (parsed.authority.empty()) return fail(Code::kInvalid, "a target without a host");
    if (target.empty() || target[0] == '?') parsed.path = "/";
  } else if (target.empty() || target[0] != '/') {
    return fail(Code::kInvalid, "a target that does not begin with '/'");
  }
  target = target.substr(0, target.find('#'));
  const std::size_t end = std::min(target.find('?'), target.size());
  MB_TRY(auto path, in("path", percent_decode(target.substr(0, end), false)));
  parsed.path += path;
  MB_TRYV(in("query", parse_query(target.substr(std::min(end + 1, target.size())), parsed)));
  return parsed;
}

Result<HttpAuthority> parse_authority(std::string_view text) {
  HttpAuthority parsed;
  const std::string all = lower(text);
  std::size_t end = 0;
  if (all.starts_with('[')) {
    end = all.find(']');
    if (end == std::string::npos) return fail(Code::kInvalid, "'[' without ']'");
    ++end;
    if (!is_made_of(std::string_view(all).substr(1, end - 2), ":.")) {
      return fail(Code::kInvalid, "not an IPv6 address: " + all.substr(0, end));
    }
  } else {
    end = std::min(all.find(':'), all.size());
    if (!is_made_of(std::string_view(all).substr(0, end), "-._")) {
      return fail(Code::kInvalid, "not a host name");
    }
  }
  parsed.host = all.substr(0, end);
  if (parsed.host.empty() || parsed.host == "[]") return fail(Code::kInvalid, "no host name");
  if (end == all.size()) return parsed;
  parsed.port = all.substr(end + 1);
  if (all[end] != ':' || (!parsed.port.empty() && !is_port(parsed.port))) {
    return fail(Code::kInvalid, "not a port number");
  }
  return parsed;
}

AllowedHosts::AllowedHosts(const std::vector<std::string>& configured)
    : hosts_{"localhost", "127.0.0.1", "[::1]"} {
  for (const std::string& host : configured) {
    const bool is_bare_ipv6 = std::ranges::count(host, ':') > 1 && !host.starts_with('[');
    const auto parsed = parse_authority(is_bare_ipv6 ? "[" + host + "]" : host);
    if (parsed) hosts_.push_back(parsed.value().host);
  }
}

bool AllowedHosts::contain(std::string_view authority) const {
  const auto parsed = parse_authority(authority);
  return parsed && std::ranges::find(hosts_, parsed.value().host) != hosts_.end();
}

bool AllowedHosts::is_same_origin(std::string_view origin, std::string_view authority) const {
  const std::string all = lower(origin);
  const std::size_t scheme = all.find("://");
  if (scheme == std::string::npos) return false;  // "null" too
  const std::string_view asked = std::string_view(all).substr(scheme + 3);
  return contain(asked) && asked == lower(authority);
}

std::string http_date(UtcTime time) {
  using namespace std::chrono;
  const sys_time<microseconds> instant{microseconds{time.us}};
  const auto day = floor<days>(instant);
  const year_month_day date{day};
  const hh_mm_ss<seconds> clock{floor<seconds>(instant - day)};
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
                     kWeekdays[weekday{day}.c_encoding()], static_cast<unsigned>(date.day()),
                     kMonths[static_cast<unsigned>(date.month()) - 1],
                     static_cast<int>(date.year()), clock.hours().count(), clock.minutes().count(),
                     clock.seconds().count());
}

std::optional<UtcTime> parse_http_date(std::string_view text) {
  using namespace std::chrono;
  if (text.size() != 29) return std::nullopt;
  const auto month_index = index_of(kMonths, text.substr(8, 3));
  const auto day_number = digits(text.substr(5, 2));
  const auto year_number = digits(text.substr(12, 4));
  const auto hour = digits(text.substr(17, 2));
  const auto minute = digits(text.substr(20, 2));
  const auto second = digits(text.substr(23, 2));
  if (!month_index || !day_number || !year_number || !hour || !minute || !second) {
    return std::nullopt;
  }
  const year_month_day date{year{*year_number}, month{*month_index + 1},
                            day{static_cast<unsigned>(*day_number)}};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  const auto instant = sys_days{date} + hours{*hour} + minutes{*minute} + seconds{*second};
  const UtcTime time{duration_cast<microseconds>(instant.time_since_epoch()).count()};
  // Writing it again checks the weekday and everything that stands between the numbers.
  if (http_date(time) != text) return std::nullopt;
  return time;
}

}  // namespace meterbill
