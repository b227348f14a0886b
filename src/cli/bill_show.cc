#include "cli/bill_show.h"

#include <ostream>

namespace meterbill {
namespace {

std::vector<Flag> common_flags() {
  return with_worker_flags({{.name = "machine", .value = "NAME", .help = "only this machine"},
                            {.name = "period",
                             .value = "PERIOD",
                             .help = "2026-11, 2026-11-22, this-month (default) or last-month"},
                            {.name = "csv", .value = "", .help = "print CSV (RFC 4180)"},
                            json_flag()});
}

Result<std::string> format_of(const Arguments& arguments) {
  if (arguments.has("csv") && arguments.has("json"))
    return fail(Code::kUsage, "--csv and --json cannot be given together");
  return std::string(arguments.has("csv") ? "csv" : arguments.has("json") ? "json" : "text");
}

/// Asks for `path` in the format the flags say and prints what comes.
int show(const ServiceAccess& access, const std::string& path, const std::vector<Flag>& flags,
         const std::vector<std::string>& words, const Terminal& terminal) {
  const auto arguments = parse_arguments(words, flags, 0);
  if (!arguments) return report(arguments.error(), terminal);
  const auto format = format_of(arguments.value());
  if (!format) return report(format.error(), terminal);
  const std::string target =
      make_target(path, {{"machine", arguments.value().value("machine").value_or("")},
                         {"period", arguments.value().value("period").value_or("")},
                         {"by", arguments.value().value("by").value_or("")},
                         {"format", format.value()}});
  const auto body = read_worker(access, arguments.value(), target);
  if (!body) return report(body.error(), terminal);
  terminal.out << body.value();
  if (!body.value().ends_with('\n')) terminal.out << '\n';
  return kExitOk;
}

Command command_for(const ServiceAccess& access, std::vector<std::string> path, std::string summary,
                    std::string target, std::vector<Flag> flags) {
  return {
      .path = std::move(path),
      .summary = std::move(summary),
      .run = [access, target = std::move(target), flags](
                 const std::vector<std::string>& words,
                 const Terminal& terminal) { return show(access, target, flags, words, terminal); },
      .operands = "",
      .flags = flags};
}

}  // namespace

std::vector<Command> bill_show_commands(const ServiceAccess& access) {
  std::vector<Flag> usage_flags = common_flags();
  usage_flags.insert(usage_flags.begin() + 2,
                     Flag{.name = "by", .value = "WHAT", .help = "slot, hour or day (default)"});
  return {command_for(access, {"usage"}, "Shows what machines have used.", "/api/v1/usage",
                      usage_flags),
          command_for(access, {"bill", "show"}, "Prints the statement of a period, a draft.",
                      "/api/v1/bill", common_flags())};
}

}  // namespace meterbill
