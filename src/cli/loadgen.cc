#include "cli/loadgen.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <fstream>
#include <ostream>
#include <utility>

#include "base/checked.h"
#include "cli/json_members.h"
#include "cli/load_report.h"
#include "cli/progress.h"
#include "report/text_table.h"

namespace meterbill {
namespace {

constexpr std::int64_t kAgentsMax = 100'000;
constexpr std::int64_t kSecondsMax = 86'400;
constexpr std::int64_t kSecondUs = 1'000'000;
constexpr std::size_t kIndent = 9;

const std::vector<Flag>& loadgen_flags() {
  static const std::vector<Flag> kFlags{
      {.name = "sink", .value = "URL", .help = "where agents send to, as agent.sink says it"},
      {.name = "agents", .value = "N", .help = "how many, 100 when not said, at most 100000"},
      {.name = "interval",
       .value = "TIME",
       .help = "between two messages of one agent, 1s to 5min (default 1s)"},
      {.name = "scopes",
       .value = "K",
       .help = "parts of each machine besides the whole, 0 (default) to 999"},
      {.name = "seconds",
       .value = "N",
       .help = "how long, 60 when not said, at most 86400; Ctrl-C ends it sooner"},
      {.name = "prefix", .value = "TEXT", .help = "of the machines' names, loadgen- when not said"},
      {.name = "seed", .value = "N", .help = "makes the same machines again"},
      {.name = "totals",
       .value = "FILE",
       .help = "write what the ledger must have, as usage --by slot --csv shows it"},
      {.name = "server",
       .value = "URL",
       .help = "the worker whose ledger it goes to, http://host:port"},
      {.name = "force", .help = "also into a ledger that has other machines"},
      {.name = "config", .value = "FILE", .help = "read kafka.* from FILE instead of agent.conf"},
      json_flag()};
  return kFlags;
}

/// What the command line says.
struct Wanted {
  AgentConfig agent;  ///< sink and `kafka.*`
  LoadPlan plan;
  LoadFleetSpec fleet;
};

Result<std::int64_t> number_of_flag(const Arguments& arguments, const char* flag,
                                    std::int64_t least, std::int64_t most, std::int64_t standard) {
  const auto text = arguments.value(flag);
  if (!text) return standard;
  const auto number = parse_count(*text);
  if (!number || number.value() < least || number.value() > most)
    return fail(Code::kUsage,
                fmt::format("--{} is a whole number from {} to {}", flag, least, most));
  return number.value();
}

Result<LoadFleetSpec> wanted_fleet(const LoadgenParts& parts, const Arguments& arguments) {
  LoadFleetSpec fleet;
  MB_TRY(fleet.agents, number_of_flag(arguments, "agents", 1, kAgentsMax, 100));
  MB_TRY(fleet.scopes,
         number_of_flag(arguments, "scopes", 0, static_cast<std::int64_t>(kScopesMax) - 1, 0));
  fleet.prefix = arguments.value("prefix").value_or(fleet.prefix);
  if (!is_machine_id(fleet.prefix + "000001"))
    return fail(Code::kUsage,
                "--prefix begins a machine's name: a letter or digit, then at most 121 letters, "
                "digits, '.', '_', ':' or '-'");
  MB_TRY(const std::int64_t seed,
         number_of_flag(arguments, "seed", 0, std::numeric_limits<std::int64_t>::max(),
                        static_cast<std::int64_t>(parts.random() >> 1U)));
  fleet.seed = static_cast<std::uint64_t>(seed);
  return fleet;
}

Result<Wanted> wanted(const LoadgenParts& parts, const Arguments& arguments) {
  const auto sink = arguments.value("sink");
  if (!sink)
    return fail(Code::kUsage, "missing: --sink http://HOST:PORT or --sink kafka://HOST:PORT/TOPIC");
  std::vector<Assignment> said{{.key = "agent.sink", .text = *sink}};
  if (const auto interval = arguments.value("interval"))
    said.push_back({.key = "agent.interval", .text = *interval});
  else
    said.push_back({.key = "agent.interval", .text = "1s"});
  for (Assignment& assignment : said) assignment.origin.kind = Origin::Kind::kCommandLine;
  MB_TRY(const Settings settings,
         load_settings(agent_options(),
                       {.config_file = arguments.value("config"),
                        .default_file = fmt::format("{}/agent.conf", parts.context.folder),
                        .environment = parts.context.environment,
                        .command_line = std::move(said),
                        .check_property = parts.context.check_property}));
  Wanted wanted;
  MB_TRY(wanted.agent, make_agent_config(settings, parts.context.host_name));
  MB_TRY(wanted.fleet, wanted_fleet(parts, arguments));
  MB_TRY(const std::int64_t seconds, number_of_flag(arguments, "seconds", 1, kSecondsMax, 60));
  wanted.plan = {.interval_us = wanted.agent.interval.count(), .duration_us = seconds * kSecondUs};
  return wanted;
}

// --- whose ledger it is -------------------------------------------------------------------------

const char* const kRemedy =
    "; give a worker (and a topic) of its own to a trial, or say --force to mix them";

/// The worker whose ledger the messages reach, as far as that is known.
std::string worker_of(const LoadgenParts& parts, const Wanted& wanted, const Arguments& arguments) {
  if (const auto server = arguments.value("server")) return *server;
  if (const auto* http = std::get_if<HttpUrl>(&wanted.agent.sink)) return to_text(*http);
  return parts.access.addresses.worker;
}

Result<boost::json::value> ask(const LoadgenParts& parts, const std::string& worker,
                               const char* target) {
  MB_TRY(const ServiceAnswer answer, parts.access.ask(worker, "GET", target));
  if (answer.status != 200)
    return fail(Code::kUnavailable,
                fmt::format("{} answered {}: is it a worker?", worker, answer.status));
  return parse_answer(answer.body);
}

bool reads_topic(const boost::json::value& status, const std::string& topic) {
  for (const boost::json::value& source : array_of(status, "sources"))
    if (text_of(source, "ledger_name").ends_with("/" + topic)) return true;
  return false;
}

/// kInvalid when the ledger has machines that are not of this command, kUnavailable when that
/// cannot be known.
Result<void> check_ledger(const LoadgenParts& parts, const Wanted& wanted,
                          const Arguments& arguments) {
  const std::string worker = worker_of(parts, wanted, arguments);
  const auto status = ask(parts, worker, "/api/v1/status");
  if (!status)
    return fail(Code::kUnavailable,
                fmt::format("{}\nso it is not known whose machines are in the ledger it goes to: "
                            "name its worker with --server URL, or say --force",
                            status.error().message));
  const auto* kafka = std::get_if<KafkaUrl>(&wanted.agent.sink);
  if (kafka != nullptr && !reads_topic(status.value(), kafka->topic))
    return fail(Code::kInvalid,
                fmt::format("the worker {} does not read topic {}: name the one that does with "
                            "--server URL, or say --force",
                            worker, kafka->topic));
  if (number_of(status.value(), "machines") == 0) return ok();
  MB_TRY(const boost::json::value machines, ask(parts, worker, "/api/v1/machines"));
  for (const boost::json::value& machine : array_of(machines, "machines")) {
    const std::string name = text_of(machine, "machine");
    if (!name.starts_with(wanted.fleet.prefix))
      return fail(Code::kInvalid, fmt::format("the ledger of {} has other machines ({}), and "
                                              "made-up ones would stand on the same bills{}",
                                              worker, name, kRemedy));
  }
  return ok();
}

void warn(const LoadFleet& fleet, const std::string& sink, const Terminal& terminal) {
  terminal.err << labelled_parts(
      "loadgen", kIndent,
      {fmt::format("{} will be in the ledger behind {} and on its bills, as if they were there.",
                   first_and_last(fleet), sink),
       "A ledger forgets no machine: make one for the trial and delete it afterwards. In one that "
       "stays, `meterbill machine retire NAME` ends what is expected of each of them; what it used "
       "stays billed."});
  terminal.err << std::flush;
}

int tell(const Wanted& wanted, const LoadFleet& fleet, const LoadResult& result,
         const Arguments& arguments, const Terminal& terminal) {
  terminal.out << (arguments.has("json") ? to_json(fleet, wanted.plan, result)
                                         : to_text(fleet, result));
  if (result.unconfirmed == 0) return kExitOk;
  return report(fail(Code::kUnavailable,
                     fmt::format("{} machines have a last reading that was not acknowledged: {}",
                                 result.unconfirmed, result.failure)),
                terminal);
}

int play(const LoadgenParts& parts, const Wanted& wanted, const Arguments& arguments,
         const Terminal& terminal) {
  std::ofstream totals;
  if (const auto path = arguments.value("totals")) {
    // What an earlier run wrote stays until this one has something to say.
    totals.open(*path, std::ios::binary | std::ios::app);
    if (!totals) {
      report(fail(Code::kIo, fmt::format("{}: cannot be made", *path)), terminal);
      return kExitCannotCreate;
    }
  }
  static_cast<void>(parts.wait(std::chrono::milliseconds(0)));  // before a sink has threads
  const auto sink = parts.open_sink(wanted.agent);
  if (!sink) return report(sink.error(), terminal);
  LoadFleet fleet(wanted.fleet, parts.clock.now().utc);
  warn(fleet, sink.value()->name(), terminal);
  ProgressLine line(terminal, "loadgen");
  const auto progress = [&](const LoadResult& so_far, std::int64_t passed_us) {
    line.show(fmt::format("{} s of {}   {} acknowledged   {} failed", passed_us / kSecondUs,
                          wanted.plan.duration_us / kSecondUs, so_far.acknowledged,
                          so_far.sent - so_far.acknowledged),
              passed_us / 1'000);
  };
  const LoadResult result = run_load(
      wanted.plan, fleet,
      {.sink = *sink.value(), .clock = parts.clock, .wait = parts.wait, .progress = progress});
  line.clear();
  if (totals.is_open() && result.acknowledged > 0) {
    totals.close();
    totals.open(*arguments.value("totals"), std::ios::binary | std::ios::trunc);
    write_totals(fleet, totals);
    if (!totals)
      return report(
          fail(Code::kIo, fmt::format("{}: not all could be written", *arguments.value("totals"))),
          terminal);
  }
  return tell(wanted, fleet, result, arguments, terminal);
}

int run(const LoadgenParts& parts, const std::vector<std::string>& words,
        const Terminal& terminal) {
  const auto arguments = parse_arguments(words, loadgen_flags(), 0);
  if (!arguments) return report(arguments.error(), terminal);
  const auto said = wanted(parts, arguments.value());
  if (!said) return report(said.error(), terminal);
  if (!arguments.value().has("force")) {
    const auto checked = check_ledger(parts, said.value(), arguments.value());
    if (!checked) return report(checked.error(), terminal);
  }
  return play(parts, said.value(), arguments.value(), terminal);
}

}  // namespace

Command loadgen_command(LoadgenParts parts) {
  return {.path = {"loadgen"},
          .summary = "Plays agents that do not exist, to try a broker and a worker.",
          .run = [parts = std::move(parts)](
                     const std::vector<std::string>& words,
                     const Terminal& terminal) { return run(parts, words, terminal); },
          .flags = loadgen_flags()};
}

}  // namespace meterbill
