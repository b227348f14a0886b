#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/log.h"

namespace meterbill {

/// One line of a log, on its way out.
struct LogRecord {
  const LogEvent& event;
  UtcTime time;
  const LogFields& fields;
  std::int64_t repeated = 0;            ///< occurrences not logged since the last line
  std::chrono::microseconds period{0};  ///< in which they occurred
};

/// Where lines go. Called by one thread at a time.
class LogSink {
 public:
  virtual ~LogSink() = default;
  virtual void write(const LogRecord& record) = 0;
};

/// `broker unreachable  broker=kafka-1:9092 waiting=42 (41 more in 10 min)`. What could steer
/// a terminal or fake a second line is written as printable() does.
[[nodiscard]] std::string message_text(const LogRecord& record);

/// `2026-11-22T10:15:00Z  notice   ` and the message, without a newline.
[[nodiscard]] std::string console_line(const LogRecord& record);

/// Names an event to the journal's catalog: 28 digits of our own, and its id. 32 hex digits.
[[nodiscard]] std::string message_id(const LogEvent& event);

/// `NAME=value` entries for systemd's journal: MESSAGE, MESSAGE_ID, PRIORITY, SYSLOG_IDENTIFIER,
/// METERBILL_EVENT, METERBILL_EVENT_ID, METERBILL_<field>. systemd.journal-fields(7).
[[nodiscard]] std::vector<std::string> journal_entries(const LogRecord& record,
                                                       std::string_view identifier);

/// syslog(3) priority: 3 … 7.
[[nodiscard]] int journal_priority(LogLevel level);

}  // namespace meterbill
