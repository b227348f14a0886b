#include "cli/running_commands.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <ostream>

#include "base/log.h"
#include "cli/json_members.h"

namespace meterbill {
namespace {

/// Whether the first word names the agent.
Result<bool> names_agent(const Arguments& arguments) {
  if (arguments.words.empty()) return fail(Code::kUsage, "say whose: agent or worker");
  const std::string& word = arguments.words.front();
  if (word == "agent") return true;
  if (word == "worker") return false;
  return fail(Code::kUsage, fmt::format("'{}' is neither agent nor worker", word));
}

Result<std::string> tell(const ServiceAccess& access, const Arguments& arguments,
                         const std::string& target) {
  MB_TRY(const bool of_agent, names_agent(arguments));
  MB_TRY(const std::string control, control_of(arguments, access.addresses, of_agent));
  return change_service(access, control, target);
}

/// `log.level, agent.interval`; empty when there is none.
std::string list_of(const boost::json::value& answer, std::string_view name) {
  std::string text;
  for (const boost::json::value& word : array_of(answer, name))
    if (word.is_string()) text += (text.empty() ? "" : ", ") + std::string(word.get_string());
  return text;
}

Result<std::string> reload_text(const std::string& body) {
  MB_TRY(const boost::json::value answer, parse_answer(body));
  if (!answer.is_object()) return fail(Code::kUnavailable, "the service's answer cannot be read");
  const std::string taken = list_of(answer, "taken");
  const std::string later = list_of(answer, "needs_restart");
  std::string text = taken.empty() ? "nothing to take over\n" : "taken over: " + taken + "\n";
  if (!later.empty()) text += "after a restart: " + later + "\n";
  return text;
}

int reload(const ServiceAccess& access, const std::vector<Flag>& flags,
           const std::vector<std::string>& words, const Terminal& terminal) {
  const auto arguments = parse_arguments(words, flags, 1);
  if (!arguments) return report(arguments.error(), terminal);
  const auto body = tell(access, arguments.value(), std::string(kReloadTarget));
  if (!body) return report(body.error(), terminal);
  if (arguments.value().has("json")) {
    terminal.out << body.value() << '\n';
    return kExitOk;
  }
  const auto text = reload_text(body.value());
  if (!text) return report(text.error(), terminal);
  terminal.out << text.value();
  return kExitOk;
}

int set_level(const ServiceAccess& access, const std::vector<Flag>& flags,
              const std::vector<std::string>& words, const Terminal& terminal) {
  const auto arguments = parse_arguments(words, flags, 2);
  if (!arguments) return report(arguments.error(), terminal);
  const std::vector<std::string>& said = arguments.value().words;
  if (said.size() == 2 && !parse_log_level(said.back()))
    return report(fail(Code::kUsage, fmt::format("'{}' is no level; there are {}", said.back(),
                                                 fmt::join(kLogLevelNames, ", "))),
                  terminal);
  if (said.size() == 1) return report(fail(Code::kUsage, "say which level"), terminal);
  const auto body =
      tell(access, arguments.value(),
           make_target("/api/v1/log-level", {{"level", said.empty() ? "" : said.back()}}));
  if (!body) return report(body.error(), terminal);
  if (arguments.value().has("json"))
    terminal.out << body.value() << '\n';
  else
    terminal.out << fmt::format("logs {} until the next start or reload\n", said.back());
  return kExitOk;
}

}  // namespace

std::vector<Command> running_commands(const ServiceAccess& access) {
  using Words = std::vector<std::string>;
  const std::vector<Flag> flags{control_flag(), json_flag()};
  return {{.path = {"reload"},
           .summary = "Has a running service take over its configuration, if it is right.",
           .run = [access, flags](
                      const Words& words,
                      const Terminal& terminal) { return reload(access, flags, words, terminal); },
           .operands = "agent|worker",
           .flags = flags},
          {.path = {"log-level"},
           .summary = "Sets how much a running service logs, until its next start or reload.",
           .run =
               [access, flags](const Words& words, const Terminal& terminal) {
                 return set_level(access, flags, words, terminal);
               },
           .operands = "agent|worker LEVEL",
           .flags = flags}};
}

}  // namespace meterbill
