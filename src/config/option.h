#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "config/endpoint.h"
#include "domain/names.h"

namespace meterbill {

/// How the text of a setting is read.
enum class OptionType {
  kText,
  kPath,
  kDuration,   ///< `10s`: a whole number and us, ms, s, min, h or d
  kSize,       ///< `64MiB`: a whole number and B, KiB, MiB, GiB, TiB, kB, MB, GB or TB
  kCount,      ///< a whole number
  kBool,       ///< true or false
  kChoice,     ///< one of `Option::choices`
  kMachineId,  ///< empty stands for the host name
  kLabels,     ///< `site=lab-3,rack=2`
  kHosts,      ///< `meter.example,192.0.2.7`
  kListen,     ///< `127.0.0.1:5001` or `off`
  kSink,       ///< `http://host:port`, `https://host` or `kafka://host:port/topic`
  kProxy,      ///< `http://host:port`; empty: none
  kKafka,      ///< `kafka://host:port/topic` or `off`
};

/// What may be set: one row makes the long option, the key in a file, the variable in the
/// environment, the checks, etc/ and `--help`. Defaults and bounds are written as an operator
/// writes them, so the same text is checked, printed and documented.
struct Option {
  std::string_view name{};  ///< `agent.interval`: section and key
  OptionType type = OptionType::kText;
  std::string_view standard{};     ///< the default; read like any other value
  std::string_view standard_as{};  ///< shown instead of an empty default: "the host name"
  std::string_view minimum{};      ///< of kDuration, kSize and kCount; both included
  std::string_view maximum{};
  std::string_view choices{};  ///< of kChoice: `error|warning|…`
  std::string_view help{};     ///< one or two sentences
  bool secret = false;         ///< never shown, never on the command line
  bool reloadable = false;     ///< taken over by a reload; any other needs a restart
};

/// The word `off`.
struct Off {
  friend bool operator==(Off, Off) = default;
};

/// A value that was read and checked. Durations in microseconds, sizes in bytes.
using OptionValue = std::variant<std::string, bool, std::int64_t, std::chrono::microseconds, Labels,
                                 std::vector<std::string>, Off, HostPort, HttpUrl, KafkaUrl>;

/// Reads `text` as the row wants it; what is wrong, the unit and the range are in the message,
/// which repeats the text unless the row is secret. kInvalid.
[[nodiscard]] Result<OptionValue> parse_value(const Option& option, std::string_view text);

/// "duration", "http://HOST:PORT or kafka://…": for help and etc/.
[[nodiscard]] std::string_view describe(OptionType type);

/// "1s to 5min", or empty.
[[nodiscard]] std::string range_text(const Option& option);

[[nodiscard]] Result<std::chrono::microseconds> parse_duration(std::string_view text);
[[nodiscard]] Result<std::int64_t> parse_size(std::string_view text);
[[nodiscard]] Result<Labels> parse_labels(std::string_view text);

}  // namespace meterbill
