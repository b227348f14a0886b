#include "cli/agent_once.h"

#include <ostream>

#include "base/checked.h"
#include "cli/arguments.h"

namespace meterbill {
namespace {

constexpr std::int64_t kSecondsMax = 60;

int once(const MeasureOnce& measure, const std::vector<Flag>& flags,
         const std::vector<std::string>& words, const Terminal& terminal) {
  const auto arguments = parse_arguments(words, flags, 0);
  if (!arguments) return report(arguments.error(), terminal);
  const auto seconds = parse_count(arguments.value().value("seconds").value_or("1"));
  if (!seconds || seconds.value() < 1 || seconds.value() > kSecondsMax)
    return report(fail(Code::kUsage, "--seconds is a whole number from 1 to 60"), terminal);
  const auto text = measure(seconds.value() * 1'000'000, arguments.value().has("json"));
  if (!text) return report(text.error(), terminal);
  terminal.out << text.value();
  if (!text.value().ends_with('\n')) terminal.out << '\n';
  return kExitOk;
}

}  // namespace

Command agent_once_command(MeasureOnce measure) {
  const std::vector<Flag> flags{
      {.name = "seconds", .value = "N", .help = "how long to measure, 1 (default) to 60"},
      {.name = "json", .value = "", .help = "print JSON"}};
  return {.path = {"agent", "once"},
          .summary = "one reading of this machine; nothing is sent",
          .run = [measure = std::move(measure), flags](
                     const std::vector<std::string>& words,
                     const Terminal& terminal) { return once(measure, flags, words, terminal); },
          .operands = "",
          .flags = flags};
}

}  // namespace meterbill
