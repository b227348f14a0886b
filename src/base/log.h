#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace meterbill {

/// From the most to the least important; journal priorities 3, 4, 5, 6, 7, 7.
enum class LogLevel : std::uint8_t { kError, kWarning, kNotice, kInfo, kDebug, kTrace };

inline constexpr std::array<std::string_view, 6> kLogLevelNames{"error", "warning", "notice",
                                                                "info",  "debug",   "trace"};

[[nodiscard]] constexpr std::string_view to_string(LogLevel level) {
  return kLogLevelNames[static_cast<std::size_t>(level)];
}

[[nodiscard]] constexpr std::optional<LogLevel> parse_log_level(std::string_view text) {
  const auto found = std::find(kLogLevelNames.begin(), kLogLevelNames.end(), text);
  if (found == kLogLevelNames.end()) return std::nullopt;
  return static_cast<LogLevel>(found - kLogLevelNames.begin());
}

/// One fact beside an event: name in capitals (`BROKER`), value as text of any origin.
struct LogField {
  std::string name{};
  std::string value{};
  bool distinct = false;  ///< two events that differ here are no repetition of each other
};
using LogFields = std::vector<LogField>;

/// Where the programs say what happened. `event` is a fixed sentence ("broker unreachable"), what
/// varies stands in the fields: so that repetitions are recognised (they become one summary a
/// period) and the journal can be searched.
/// Only programs and hosts log; libraries return errors. No secret goes into a field. Safe to call
/// from any thread; never throws and never waits for disk or network of its own.
class Log {
 public:
  virtual ~Log() = default;
  virtual void write(LogLevel level, std::string_view event, const LogFields& fields) = 0;
  /// What an operator had done: a notice that is never held back as a repetition.
  virtual void operated(std::string_view event, const LogFields& fields) = 0;

  void error(std::string_view event, const LogFields& fields = {}) {
    write(LogLevel::kError, event, fields);
  }
  void warning(std::string_view event, const LogFields& fields = {}) {
    write(LogLevel::kWarning, event, fields);
  }
  void notice(std::string_view event, const LogFields& fields = {}) {
    write(LogLevel::kNotice, event, fields);
  }
  void info(std::string_view event, const LogFields& fields = {}) {
    write(LogLevel::kInfo, event, fields);
  }
  void debug(std::string_view event, const LogFields& fields = {}) {
    write(LogLevel::kDebug, event, fields);
  }
  void trace(std::string_view event, const LogFields& fields = {}) {
    write(LogLevel::kTrace, event, fields);
  }
};

}  // namespace meterbill
