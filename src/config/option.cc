#include "config/option.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/assert.h"
#include "base/checked.h"

namespace meterbill {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;
};

constexpr std::array kDurationUnits{
    Unit{"us", 1},           Unit{"ms", 1'000},          Unit{"s", 1'000'000},
    Unit{"min", 60'000'000}, Unit{"h", 3'600'000'000LL}, Unit{"d", 86'400'000'000LL}};
constexpr std::array kSizeUnits{
    Unit{"B", 1},           Unit{"KiB", 1LL << 10},      Unit{"MiB", 1LL << 20},
    Unit{"GiB", 1LL << 30}, Unit{"TiB", 1LL << 40},      Unit{"kB", 1'000},
    Unit{"MB", 1'000'000},  Unit{"GB", 1'000'000'000LL}, Unit{"TB", 1'000'000'000'000LL}};

template <std::size_t N>
Result<std::int64_t> parse_with_unit(std::string_view text, const std::array<Unit, N>& units,
                                     std::string_view example) {
  std::string names;
  for (const Unit& unit : units) names += (names.empty() ? "" : ", ") + std::string(unit.name);
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  std::string_view name = text.substr(digits);
  if (name.starts_with(' ')) name.remove_prefix(1);  // "10 s" is as clear as "10s"
  if (digits == 0 || name.starts_with('.') || name.starts_with(','))
    return fail(Code::kInvalid,
                fmt::format("'{}' is not a whole number with a unit ({}), for example {}", text,
                            names, example));
  const auto unit = std::ranges::find(units, name, &Unit::name);
  if (unit == units.end())
    return fail(Code::kInvalid, fmt::format("'{}' needs one of the units {}, for example {}", text,
                                            names, example));
  MB_TRY(const std::int64_t number, parse_count(text.substr(0, digits)));
  return multiply(number, unit->factor);
}

Result<bool> parse_bool(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return fail(Code::kInvalid, fmt::format("'{}' is neither true nor false", text));
}

Result<std::string> parse_choice(std::string_view choices, std::string_view text) {
  for (std::string_view rest = choices; !rest.empty();) {
    const std::size_t bar = std::min(rest.find('|'), rest.size());
    if (rest.substr(0, bar) == text) return std::string(text);
    rest.remove_prefix(std::min(bar + 1, rest.size()));
  }
  return fail(Code::kInvalid, fmt::format("'{}' is not one of {}", text, choices));
}

Result<std::string> parse_machine_id(std::string_view text) {
  if (!text.empty() && !is_machine_id(text))
    return fail(Code::kInvalid,
                fmt::format("'{}' is not a machine id: a letter or digit, then at most 127 "
                            "letters, digits, '.', '_', ':' or '-'",
                            text));
  return std::string(text);
}

Result<std::vector<std::string>> parse_hosts(std::string_view text) {
  std::vector<std::string> hosts;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    std::string_view host = text.substr(0, comma);
    while (host.starts_with(' ')) host.remove_prefix(1);
    while (host.ends_with(' ')) host.remove_suffix(1);
    if (!is_host(host))
      return fail(Code::kInvalid, fmt::format("'{}' is not a host name (no port, no '*')", host));
    hosts.emplace_back(host);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return hosts;
}

Result<std::string> parse_text(std::string_view text) {
  if (!is_clean_utf8(text))
    return fail(Code::kInvalid, "the value is not UTF-8 without control characters");
  return std::string(text);
}

/// The number behind a value that has a range.
std::int64_t as_number(const OptionValue& value) {
  if (const auto* duration = std::get_if<std::chrono::microseconds>(&value))
    return duration->count();
  return std::get<std::int64_t>(value);
}

template <class T>
Result<OptionValue> widen(Result<T> result) {
  if (!result) return std::move(result).error();
  return OptionValue{std::move(result).value()};
}

Result<OptionValue> parse_listen(std::string_view text) {
  if (text == "off") return OptionValue{Off{}};
  return widen(parse_host_port(text));
}

Result<OptionValue> parse_sink(std::string_view text) {
  if (text.starts_with("http://") || text.starts_with("https://"))
    return widen(parse_http_url(text));
  if (text.starts_with("kafka://")) return widen(parse_kafka_url(text));
  if (text.find('@') != std::string_view::npos) return widen(parse_http_url(text));
  return fail(Code::kInvalid, fmt::format("'{}' is neither http://host:port, https://host nor "
                                          "kafka://host:port[,host:port]/topic",
                                          text));
}

Result<OptionValue> parse_proxy(std::string_view text) {
  if (text.empty()) return OptionValue{Off{}};
  MB_TRY(HttpUrl proxy, parse_http_url(text));
  if (proxy.tls) return fail(Code::kInvalid, "a proxy is asked by http://, not https://");
  return OptionValue{std::move(proxy)};
}

Result<OptionValue> parse_unbounded(const Option& option, std::string_view text) {
  switch (option.type) {
    case OptionType::kText:
    case OptionType::kPath:
      return widen(parse_text(text));
    case OptionType::kDuration:
      return widen(parse_duration(text));
    case OptionType::kSize:
      return widen(parse_size(text));
    case OptionType::kCount:
      return widen(parse_count(text));
    case OptionType::kBool:
      return widen(parse_bool(text));
    case OptionType::kChoice:
      return widen(parse_choice(option.choices, text));
    case OptionType::kMachineId:
      return widen(parse_machine_id(text));
    case OptionType::kLabels:
      return widen(parse_labels(text));
    case OptionType::kHosts:
      return widen(parse_hosts(text));
    case OptionType::kListen:
      return parse_listen(text);
    case OptionType::kSink:
      return parse_sink(text);
    case OptionType::kProxy:
      return parse_proxy(text);
    case OptionType::kKafka:
      if (text == "off") return OptionValue{Off{}};
      return widen(parse_kafka_url(text));
  }
  MB_ASSERT(false);
}

}  // namespace

Result<std::chrono::microseconds> parse_duration(std::string_view text) {
  MB_TRY(const std::int64_t us, parse_with_unit(text, kDurationUnits, "10s"));
  return std::chrono::microseconds{us};
}

Result<std::int64_t> parse_size(std::string_view text) {
  return parse_with_unit(text, kSizeUnits, "64MiB");
}

Result<Labels> parse_labels(std::string_view text) {
  Labels labels;
  std::string key;
  std::string part;
  bool in_value = false;
  const auto finish = [&]() -> Result<void> {
    if (!in_value || !is_label_key(key))
      return fail(Code::kInvalid,
                  fmt::format("'{}' is not a label: write key=value, the key of 1 to 63 of "
                              "a-z 0-9 '_' '.' '-'",
                              in_value ? key + "=" + part : part));
    if (part.size() > kLabelValueBytesMax || !is_clean_utf8(part))
      return fail(Code::kInvalid, fmt::format("the value of label '{}' is not at most {} bytes of "
                                              "UTF-8 without control characters",
                                              key, kLabelValueBytesMax));
    if (!labels.emplace(key, part).second)
      return fail(Code::kInvalid, fmt::format("label '{}' stands twice", key));
    part.clear();
    in_value = false;
    return ok();
  };
  if (text.empty()) return labels;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) {
      part += text[++i];
    } else if (text[i] == ',') {
      MB_TRYV(finish());
    } else if (text[i] == '=' && !in_value) {
      key = std::exchange(part, {});
      in_value = true;
    } else {
      part += text[i];
    }
  }
  MB_TRYV(finish());
  if (labels.size() > kLabelsMax)
    return fail(Code::kInvalid, fmt::format("more than {} labels", kLabelsMax));
  return labels;
}

Result<OptionValue> parse_value(const Option& option, std::string_view text) {
  auto value = parse_unbounded(option, text);
  if (!value && option.secret)
    return fail(value.error().code, fmt::format("the value is not a {}", describe(option.type)));
  if (!value || option.minimum.empty()) return value;
  MB_TRY(const auto low, parse_unbounded(option, option.minimum));
  MB_TRY(const auto high, parse_unbounded(option, option.maximum));
  const std::int64_t number = as_number(value.value());
  if (number < as_number(low) || number > as_number(high))
    return fail(Code::kInvalid,
                fmt::format("'{}' is outside the range {}", text, range_text(option)));
  return value;
}

std::string_view describe(OptionType type) {
  switch (type) {
    case OptionType::kText:
      return "text";
    case OptionType::kPath:
      return "path";
    case OptionType::kDuration:
      return "duration (us, ms, s, min, h, d)";
    case OptionType::kSize:
      return "size (B, KiB, MiB, GiB, TiB)";
    case OptionType::kCount:
      return "whole number";
    case OptionType::kBool:
      return "true or false";
    case OptionType::kChoice:
      return "one word";
    case OptionType::kMachineId:
      return "machine id";
    case OptionType::kLabels:
      return "key=value,key=value";
    case OptionType::kHosts:
      return "host,host";
    case OptionType::kListen:
      return "host:port or off";
    case OptionType::kSink:
      return "http://host:port, https://host[:port] or kafka://host:port[,host:port]/topic";
    case OptionType::kProxy:
      return "http://host:port";
    case OptionType::kKafka:
      return "kafka://host:port[,host:port]/topic or off";
  }
  MB_ASSERT(false);
}

std::string range_text(const Option& option) {
  if (option.minimum.empty()) return {};
  return fmt::format("{} to {}", option.minimum, option.maximum);
}

}  // namespace meterbill
