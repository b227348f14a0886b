#include "service/log_record.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/printable.h"

namespace meterbill {
namespace {

/// As it is when nothing can be misread, or else in quotes.
std::string value_text(std::string_view value) {
  std::string shown = printable(value);
  const bool is_plain =
      !value.empty() && shown == value && value.find_first_of(" \"=") == std::string_view::npos;
  if (is_plain) return shown;
  std::string escaped;
  for (const char c : value) {
    if (c == '"' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return '"' + printable(escaped) + '"';
}

std::string lower(std::string_view name) {
  std::string text{name};
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

/// The journal takes capitals, digits and underscores.
std::string journal_name(std::string_view name) {
  std::string text = "METERBILL_";
  for (const char c : name) {
    const bool is_lower = c >= 'a' && c <= 'z';
    const bool is_fine = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    text += is_lower ? static_cast<char>(c - 'a' + 'A') : is_fine ? c : '_';
  }
  return text.substr(0, 64);  // longer names are dropped by journald
}

std::string period_text(std::chrono::microseconds period) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(period).count();
  if (seconds >= 60) return fmt::format("{} min", seconds / 60);
  return fmt::format("{} s", seconds);
}

}  // namespace

std::string message_text(const LogRecord& record) {
  std::string text{record.event.text};
  const char* gap = "  ";
  for (const LogField& field : record.fields) {
    text += fmt::format("{}{}={}", gap, lower(field.name), value_text(field.value));
    gap = " ";
  }
  if (record.repeated > 0)
    text += fmt::format(" ({} more in {})", record.repeated, period_text(record.period));
  return text;
}

std::string console_line(const LogRecord& record) {
  const UtcTime whole_second{record.time.us / 1'000'000 * 1'000'000};
  return fmt::format("{}  {:<7}  {}", to_string(whole_second), to_string(record.event.level),
                     message_text(record));
}

// The journal wants 128 bits that nobody else uses: these 112 are random, made once.
std::string message_id(const LogEvent& event) {
  return fmt::format("9c4e1f7a0b6d4d0ea3d25c8b17f6{:04x}", event.id);
}

std::vector<std::string> journal_entries(const LogRecord& record, std::string_view identifier) {
  std::vector<std::string> entries{
      "MESSAGE=" + message_text(record),
      "MESSAGE_ID=" + message_id(record.event),
      fmt::format("PRIORITY={}", journal_priority(record.event.level)),
      fmt::format("SYSLOG_IDENTIFIER={}", identifier),
      fmt::format("METERBILL_EVENT={}", record.event.text),
      fmt::format("METERBILL_EVENT_ID={}", record.event.id),
  };
  if (record.repeated > 0) entries.push_back(fmt::format("METERBILL_REPEATED={}", record.repeated));
  for (const LogField& field : record.fields)
    entries.push_back(fmt::format("{}={}", journal_name(field.name), field.value));
  return entries;
}

int journal_priority(LogLevel level) { return std::min(3 + static_cast<int>(level), 7); }

}  // namespace meterbill
