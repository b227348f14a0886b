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

/// A kind of thing that can happen: one constant each, in the event list of its program. The same
/// text explains it in the journal's catalog and in Windows' event log.
struct LogEvent {
  /// Stable, never given to another event: 1000 to 1999 of the agent, 2000 to 2999 of the worker,
  /// 3000 to 3999 of both.
  int id = 0;
  LogLevel level = LogLevel::kInfo;
  std::string_view text{};     ///< a fixed sentence, "sink unreachable"; what varies is in fields
  std::string_view meaning{};  ///< what it means for usage and bills
  std::string_view remedy{};   ///< what to do; empty: nothing
  bool each = false;           ///< what an operator had done: never held back as a repetition
  int ends = 0;                ///< the id of the event whose state this one ends; 0: none
};

/// Where the programs say what happened. The text of an event is fixed, so that repetitions are
/// recognised (they become one summary a period) and the journal can be searched.
/// Only programs and hosts log; libraries return errors. No secret goes into a field. Safe to call
/// from any thread; never throws and never waits for disk or network of its own.
class Log {
 public:
  virtual ~Log() = default;
  /// REQUIRES: `event` outlives the log.
  virtual void write(const LogEvent& event, const LogFields& fields) = 0;
  void write(const LogEvent& event) { write(event, {}); }
};

}  // namespace meterbill
