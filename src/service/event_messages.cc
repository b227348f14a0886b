#include "service/event_messages.h"

#include <fmt/format.h>

namespace meterbill {
namespace {

/// A percent sign begins an insertion.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '%') out += c;
    out += c;
  }
  return out;
}

}  // namespace

std::string event_messages(std::span<const LogEvent> events) {
  std::string text;
  for (const LogEvent& event : events) {
    text += fmt::format("MessageId={}\nSeverity=Success\nLanguage=English\n%1\n\n{}\n", event.id,
                        escaped(event.meaning));
    if (!event.remedy.empty()) text += fmt::format("\n{}\n", escaped(event.remedy));
    text += ".\n\n";
  }
  return text;
}

}  // namespace meterbill
