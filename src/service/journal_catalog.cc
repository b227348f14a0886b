#include "service/journal_catalog.h"

#include <fmt/format.h>

#include "service/log_record.h"

namespace meterbill {
namespace {

constexpr std::size_t kColumns = 78;

/// In lines of at most kColumns.
std::string wrapped(std::string_view text) {
  std::string out;
  std::size_t column = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (column > 0) {
      const bool fits = column + 1 + end <= kColumns;
      out += fits ? ' ' : '\n';
      column = fits ? column + 1 : 0;
    }
    out += text.substr(0, end);
    column += end;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out + '\n';
}

}  // namespace

std::string journal_catalog(std::span<const LogEvent> events, std::string_view manual) {
  std::string text;
  for (const LogEvent& event : events) {
    text += fmt::format(
        "-- {}\nSubject: MeterBill: {}\nDefined-By: MeterBill\n"
        "Documentation: man:{}\n\n",
        message_id(event), event.text, manual);
    text += wrapped(event.meaning);
    if (!event.remedy.empty()) text += "\n" + wrapped(event.remedy);
    text += '\n';
  }
  return text;
}

}  // namespace meterbill
