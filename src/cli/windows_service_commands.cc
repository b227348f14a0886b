#include "cli/windows_service_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ostream>
#include <utility>

#include "cli/arguments.h"
#include "cli/ask_service.h"
#include "report/json_writer.h"

namespace meterbill {
namespace {

constexpr std::chrono::milliseconds kBetweenLooks{250};
/// As long as a service has for its stop, and a little.
constexpr std::chrono::seconds kWaitMax{60};

using Parts = ServiceCommandParts;

Result<WindowsService> service_of(const Arguments& arguments) {
  if (arguments.words.empty()) return fail(Code::kUsage, "say which: agent or worker");
  const std::string& word = arguments.words.front();
  const auto found = std::ranges::find(kWindowsServices, word, &WindowsService::short_name);
  if (found == kWindowsServices.end())
    return fail(Code::kUsage, fmt::format("'{}' is neither agent nor worker", word));
  return *found;
}

std::string_view name_of(ServiceState state) {
  switch (state) {
    case ServiceState::kStopped:
      return "stopped";
    case ServiceState::kStarting:
      return "starting";
    case ServiceState::kRunning:
      return "running";
    case ServiceState::kStopping:
      return "stopping";
    case ServiceState::kOther:
      return "paused";
  }
  return "";
}

std::string as_text(const WindowsService& service, const ServiceFacts& facts) {
  std::string text = fmt::format("{:<7}  {:<8}", service.short_name, name_of(facts.state));
  if (facts.process != 0) text += fmt::format("  process {}", facts.process);
  if (facts.state == ServiceState::kStopped && facts.exit_code != 0)
    text += fmt::format("  ended with {}", facts.exit_code);
  return fmt::format("{}  start: {}  as {}\n", text, facts.start, facts.account);
}

void add_json(JsonWriter& json, const WindowsService& service, const ServiceFacts& facts) {
  json.begin_object()
      .string("service", std::string(service.name))
      .string("state", std::string(name_of(facts.state)))
      .integer("process", facts.process)
      .integer("exit_code", facts.exit_code)
      .string("start", facts.start)
      .string("account", facts.account)
      .end_object();
}

int status(const Parts& parts, const Arguments& arguments, const Terminal& terminal) {
  std::vector<WindowsService> asked(kWindowsServices.begin(), kWindowsServices.end());
  if (!arguments.words.empty()) {
    const auto one = service_of(arguments);
    if (!one) return report(one.error(), terminal);
    asked = {one.value()};
  }
  std::string text;
  JsonWriter json;
  json.begin_object().begin_array("services");
  for (const WindowsService& service : asked) {
    const auto facts = parts.manager->look(service);
    // Of both, one need not be there.
    if (!facts && facts.error().code == Code::kNotFound && asked.size() > 1) continue;
    if (!facts) return report(facts.error(), terminal);
    text += as_text(service, facts.value());
    add_json(json, service, facts.value());
  }
  json.end_array().end_object();
  if (arguments.has("json"))
    terminal.out << json.take() << '\n';
  else
    terminal.out << (text.empty() ? "no service of MeterBill is installed\n" : text);
  return kExitOk;
}

/// Until the service is in that state; none: the wait ended before.
Result<std::optional<ServiceFacts>> wait_for(const Parts& parts, const WindowsService& service,
                                             ServiceState wanted) {
  const auto end = std::chrono::steady_clock::now() + kWaitMax;
  while (std::chrono::steady_clock::now() < end) {
    MB_TRY(const ServiceFacts facts, parts.manager->look(service));
    if (facts.state == wanted || facts.state == ServiceState::kStopped)
      return std::optional<ServiceFacts>(facts);
    if (parts.wait(kBetweenLooks)) break;
  }
  return std::optional<ServiceFacts>();
}

std::string where_it_says(const WindowsService& service) {
  return fmt::format("the Application log of the Event Viewer says why (source {})", service.name);
}

int start(const Parts& parts, const WindowsService& service, const Terminal& terminal) {
  const auto begun = parts.manager->start(service);
  if (!begun) return report(begun.error(), terminal);
  const auto end = wait_for(parts, service, ServiceState::kRunning);
  if (!end) return report(end.error(), terminal);
  if (!end.value()) {
    report(fail(Code::kUnavailable,
                fmt::format("{} is starting still; {}", service.name, where_it_says(service))),
           terminal);
    return kExitTemporary;
  }
  if (end.value()->state == ServiceState::kStopped)
    return report(
        fail(Code::kUnavailable, fmt::format("{} ended with {} while it started; {}", service.name,
                                             end.value()->exit_code, where_it_says(service))),
        terminal);
  terminal.out << fmt::format("{} runs\n", service.name);
  return kExitOk;
}

int stop(const Parts& parts, const WindowsService& service, const Terminal& terminal) {
  const auto begun = parts.manager->stop(service);
  if (!begun) return report(begun.error(), terminal);
  const auto end = wait_for(parts, service, ServiceState::kStopped);
  if (!end) return report(end.error(), terminal);
  if (!end.value()) {
    report(fail(Code::kUnavailable,
                fmt::format("{} is stopping still: it stores what it has", service.name)),
           terminal);
    return kExitTemporary;
  }
  terminal.out << fmt::format("{} is stopped\n", service.name);
  return kExitOk;
}

int configure(const Parts& parts, const WindowsService& service, const Terminal& terminal) {
  const ServiceFiles files = parts.files(service);
  const auto done = parts.manager->configure(service, files);
  if (!done) return report(done.error(), terminal);
  for (const std::string& line : done.value()) terminal.err << "meterbill: " << line << '\n';
  terminal.out << fmt::format("{} is configured; its settings are in {}\n", service.name,
                              files.configuration);
  return kExitOk;
}

int install(const Parts& parts, const WindowsService& service, const Terminal& terminal) {
  const auto done = parts.manager->install(service);
  if (!done) return report(done.error(), terminal);
  return configure(parts, service, terminal);
}

int remove(const Parts& parts, const WindowsService& service, const Terminal& terminal) {
  if (const int code = stop(parts, service, terminal); code != kExitOk) return code;
  const auto done = parts.manager->remove(service);
  if (!done) return report(done.error(), terminal);
  const ServiceFiles files = parts.files(service);
  terminal.out << fmt::format("{} is removed; {} and what is in {} stay\n", service.name,
                              files.configuration, fmt::join(files.state, " and "));
  return kExitOk;
}

using Run = int (*)(const Parts&, const WindowsService&, const Terminal&);

Command of_one(const Parts& parts, std::string name, std::string summary, Run run) {
  return {.path = {"service", std::move(name)},
          .summary = std::move(summary),
          .run =
              [parts, run](const std::vector<std::string>& words, const Terminal& terminal) {
                const auto arguments = parse_arguments(words, {}, 1);
                if (!arguments) return report(arguments.error(), terminal);
                const auto service = service_of(arguments.value());
                if (!service) return report(service.error(), terminal);
                return run(parts, service.value(), terminal);
              },
          .operands = "agent|worker"};
}

}  // namespace

std::vector<Command> windows_service_commands(const ServiceCommandParts& parts) {
  if (!parts.manager) return {};
  const std::vector<Flag> flags{json_flag()};
  return {{.path = {"service", "status"},
           .summary = "Shows what Windows' service manager says of the services.",
           .run =
               [parts, flags](const std::vector<std::string>& words, const Terminal& terminal) {
                 const auto arguments = parse_arguments(words, flags, 1);
                 if (!arguments) return report(arguments.error(), terminal);
                 return status(parts, arguments.value(), terminal);
               },
           .operands = "[agent|worker]",
           .flags = flags},
          of_one(parts, "start", "Starts a service and waits until it is ready.", start),
          of_one(parts, "stop", "Stops a service and waits until all it has is stored.", stop),
          of_one(parts, "configure",
                 "Sets account, recovery and rights of an installed service; may be repeated.",
                 configure),
          of_one(parts, "install", "Makes the service of a program, and configures it.", install),
          of_one(parts, "remove", "Stops and removes a service; its data stays.", remove)};
}

}  // namespace meterbill
