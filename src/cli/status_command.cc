#include "cli/status_command.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <ostream>

#include "base/platform_words.h"
#include "cli/json_members.h"
#include "cli/status_text.h"

namespace meterbill {
namespace {

constexpr const char* kTarget = "/api/v1/status";

/// One of the two, asked and understood.
struct Asked {
  std::string body = "null";
  std::string text;
  bool ready = true;
};

using StatusText = Result<std::string> (*)(const boost::json::value& status,
                                           const std::string& where);

Result<Asked> understood(const Result<std::string>& body, const std::string& where,
                         StatusText text) {
  if (!body) return body.error();
  const auto value = parse_answer(body.value());
  // Not valid JSON: to be named as what it is not, as other JSON is.
  MB_TRY(std::string said, text(value ? value.value() : boost::json::value(), where));
  return Asked{body.value(), std::move(said), is_true(value.value(), "ready")};
}

/// Takes an answer over, or says why there is none and what to do.
int take(Result<Asked> answer, std::string_view service, std::string_view flag, Asked& into,
         const Terminal& terminal) {
  if (answer) {
    into = std::move(answer).value();
    return kExitOk;
  }
  Error error = std::move(answer).error();
  if (error.code == Code::kUnavailable)
    error.message += fmt::format("; `{}` says whether it runs here, --{} asks another",
                                 status_command(service), flag);
  return report(error, terminal);
}

int status(const ServiceAccess& access, const Arguments& arguments, const Terminal& terminal) {
  const bool named_worker = arguments.has("server") || arguments.has("ledger");
  const bool named_agent = arguments.has("agent");
  const bool both = !named_worker && !named_agent;
  // Most machines of a fleet have an agent alone: that no worker answers there is no fault.
  const ServiceAddresses& here = access.addresses;
  const bool skip_worker = !here.worker_is_here && here.agent_is_here;
  const bool skip_agent = !here.agent_is_here && here.worker_is_here;
  Asked worker;
  Asked agent;
  int code = kExitOk;
  if ((both && !skip_worker) || named_worker || arguments.has("prices"))
    code = take(understood(read_worker(access, arguments, kTarget), worker_place(access, arguments),
                           worker_status_text),
                "worker", "server", worker, terminal);
  if ((both && !skip_agent) || named_agent) {
    const int of_agent = take(
        understood(read_agent(access, arguments, kTarget),
                   arguments.value("agent").value_or(access.addresses.agent), agent_status_text),
        "agent", "agent", agent, terminal);
    if (code == kExitOk) code = of_agent;
  }
  const bool none = worker.text.empty() && agent.text.empty();
  if (!none && arguments.has("json"))
    terminal.out << "{\"worker\":" << worker.body << ",\"agent\":" << agent.body << "}\n";
  else
    terminal.out << worker.text << agent.text;
  if (code != kExitOk) return code;
  // A ledger is asked for because its worker is stopped.
  const bool worker_ready = worker.ready || arguments.has("ledger");
  return worker_ready && agent.ready ? kExitOk : kExitTemporary;
}

}  // namespace

Command status_command(const ServiceAccess& access) {
  std::vector<Flag> flags = with_worker_flags({json_flag()});
  flags.push_back({.name = "agent", .value = "URL", .help = "the agent to ask, http://host:port"});
  return {.path = {"status"},
          .summary = "Shows worker and agent, or the one that this machine has.",
          .run =
              [access, flags](const std::vector<std::string>& words, const Terminal& terminal) {
                const auto arguments = parse_arguments(words, flags, 0);
                if (!arguments) return report(arguments.error(), terminal);
                return status(access, arguments.value(), terminal);
              },
          .operands = "",
          .flags = flags};
}

}  // namespace meterbill
