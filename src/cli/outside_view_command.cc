#include "cli/outside_view_command.h"

#include <ostream>

#include "cli/arguments.h"

namespace meterbill {
namespace {

int note(const OutsideViewParts& parts, const std::vector<Flag>& flags,
         const std::vector<std::string>& words, const Terminal& terminal) {
  const auto arguments = parse_arguments(words, flags, 0);
  if (!arguments) return report(arguments.error(), terminal);
  const auto text = parts.look();
  if (!text) return report(text.error(), terminal);
  const auto path = arguments.value().value("write");
  if (!path) {
    terminal.out << text.value();
    return kExitOk;
  }
  const auto written = parts.write(*path, text.value());
  return written ? kExitOk : report(written.error(), terminal);
}

}  // namespace

Command outside_view_command(OutsideViewParts parts) {
  const std::vector<Flag> flags{
      {.name = "write", .value = "FILE", .help = "into this file, which all may read"}};
  return {.path = {"agent", "outside-view"},
          .summary = "Shows this machine as it is outside the agent's sandbox.",
          .run = [parts = std::move(parts), flags](
                     const std::vector<std::string>& words,
                     const Terminal& terminal) { return note(parts, flags, words, terminal); },
          .operands = "",
          .flags = flags};
}

}  // namespace meterbill
