#include "cli/bill_show.h"

#include <ostream>

#include "base/printable.h"

namespace meterbill {
namespace {

/// Asks for the statement in the format the flags say. Its text is made for a terminal, which
/// whoever answers must not steer; JSON and CSV stay exact.
Result<std::string> statement(const ServiceAccess& access, const std::vector<std::string>& words) {
  MB_TRY(const Arguments arguments, parse_arguments(words, period_flags(), 0));
  MB_TRY(const std::string format, wanted_format(arguments));
  MB_TRY(const std::string period, wanted_period(arguments));
  MB_TRY(
      std::string body,
      read_worker(access, arguments,
                  make_target("/api/v1/bill", {{"machine", arguments.value("machine").value_or("")},
                                               {"period", period},
                                               {"format", format}})));
  return format == "text" ? printable_lines(body) : std::move(body);
}

}  // namespace

Command bill_show_command(const ServiceAccess& access) {
  return {.path = {"bill", "show"},
          .summary = "Prints the statement of a period, a draft.",
          .run =
              [access](const std::vector<std::string>& words, const Terminal& terminal) {
                const auto text = statement(access, words);
                if (!text) return report(text.error(), terminal);
                terminal.out << text.value();
                if (!text.value().ends_with('\n')) terminal.out << '\n';
                return static_cast<int>(kExitOk);
              },
          .operands = "",
          .flags = period_flags()};
}

}  // namespace meterbill
