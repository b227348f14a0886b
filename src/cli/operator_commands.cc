#include "cli/operator_commands.h"

#include <ostream>

#include "domain/slot.h"

namespace meterbill {
namespace {

/// Turns words and flags into the target of a change.
using MakeTarget = std::function<Result<std::string>(const Arguments&)>;

/// Says always the same.
std::function<std::string(const Arguments&)> says(std::string text) {
  return [text = std::move(text)](const Arguments&) { return text; };
}

struct Change {
  std::vector<std::string> path;
  std::string summary;
  std::string operands;
  std::size_t words = 0;
  std::vector<Flag> flags;
  bool of_agent = false;
  std::function<std::string(const Arguments&)> done;  ///< printed when it worked
  MakeTarget target;
};

int run_change(const ServiceAccess& access, const Change& change,
               const std::vector<std::string>& words, const Terminal& terminal) {
  const auto arguments = parse_arguments(words, change.flags, change.words);
  if (!arguments) return report(arguments.error(), terminal);
  if (arguments.value().words.size() < change.words)
    return report(fail(Code::kUsage, "missing: " + change.operands), terminal);
  const auto target = change.target(arguments.value());
  if (!target) return report(target.error(), terminal);
  const auto control = control_of(arguments.value(), access.addresses, change.of_agent);
  if (!control) return report(control.error(), terminal);
  const auto body = change_service(access, control.value(), target.value());
  if (!body) return report(body.error(), terminal);
  if (arguments.value().has("json"))
    terminal.out << body.value() << '\n';
  else
    terminal.out << change.done(arguments.value()) << '\n';
  return kExitOk;
}

Command to_command(const ServiceAccess& access, Change change) {
  change.flags.push_back(control_flag());
  change.flags.push_back(json_flag());
  Command command{.path = change.path,
                  .summary = change.summary,
                  .run = {},
                  .operands = change.operands,
                  .flags = change.flags};
  command.run = [access, change = std::move(change)](const std::vector<std::string>& words,
                                                     const Terminal& terminal) {
    return run_change(access, change, words, terminal);
  };
  return command;
}

/// Exactly one of --keep, --discard, --rename, --sum; all but --sum name a boot.
Result<std::string> resolve_target(const Arguments& arguments) {
  std::string decision;
  int given = 0;
  for (const char* name : {"keep", "discard", "rename", "sum"}) {
    if (!arguments.has(name)) continue;
    decision = name;
    ++given;
  }
  if (given != 1) return fail(Code::kUsage, "say one of --keep, --discard, --rename NEW and --sum");
  const std::string boot = arguments.value("boot").value_or("");
  if (decision != "sum" && boot.empty())
    return fail(Code::kUsage, "say which boot with --boot ID; `meterbill machine list --machine " +
                                  arguments.words.front() + "` names them");
  if (decision == "sum" && !boot.empty())
    return fail(Code::kUsage, "--sum is about all boots of the name: leave out --boot");
  MB_TRY(const std::string machine, machine_segment(arguments.words.front()));
  return make_target(
      "/api/v1/machines/" + machine + "/resolve",
      {{"decision", decision}, {"boot", boot}, {"to", arguments.value("rename").value_or("")}});
}

Result<std::string> retire_target(const Arguments& arguments) {
  const std::string at = arguments.value("at").value_or("");
  if (!at.empty() && !parse_utc(at))
    return fail(Code::kUsage, "--at: '" + at +
                                  "' is no time; write one like 2026-11-22T10:00:00Z or "
                                  "2026-11-22T11:00:00+01:00");
  if (!at.empty() && arguments.has("undo"))
    return fail(Code::kUsage, "--at and --undo cannot be given together");
  MB_TRY(const std::string machine, machine_segment(arguments.words.front()));
  return make_target("/api/v1/machines/" + machine + "/retire",
                     {{"at", at}, {"undo", arguments.has("undo") ? "1" : ""}});
}

std::string retire_done(const Arguments& arguments) {
  if (arguments.has("undo"))
    return "not retired any more: its time is expected again, and missing where it did not report";
  return "retired: no time is expected of it any more, what it still reports is billed; `meterbill "
         "machine retire " +
         arguments.words.front() + " --undo` takes it back";
}

std::vector<Change> machine_changes() {
  return {{.path = {"machine", "resolve"},
           .summary = "Decides about two machines that use one name.",
           .operands = "NAME",
           .words = 1,
           .flags = {{.name = "boot", .value = "ID", .help = "the boot the decision is about"},
                     {.name = "keep", .value = "", .help = "this boot is the true one"},
                     {.name = "discard", .value = "", .help = "this boot is never billed"},
                     {.name = "rename", .value = "NEW", .help = "this boot is machine NEW"},
                     {.name = "sum", .value = "", .help = "all boots are billed together"}},
           .of_agent = false,
           .done = says("decided"),
           .target = resolve_target},
          {.path = {"machine", "retire"},
           .summary = "Says that no time is expected of a machine any more.",
           .operands = "NAME",
           .words = 1,
           .flags = {{.name = "at",
                      .value = "TIME",
                      .help = "since then, 2026-11-22T10:00:00Z; default now"},
                     {.name = "undo",
                      .value = "",
                      .help = "it is not: time is expected of it again, and since it was retired"}},
           .of_agent = false,
           .done = retire_done,
           .target = retire_target}};
}

Change quarantine_change(const std::string& verb, std::string summary) {
  return {.path = {"quarantine", verb},
          .summary = std::move(summary),
          .operands = "ID",
          .words = 1,
          .flags = {},
          .of_agent = false,
          .done = says(verb == "release" ? "released" : "discarded"),
          .target = [verb](const Arguments& arguments) -> Result<std::string> {
            MB_TRY(const std::string id, number_segment(arguments.words.front()));
            return "/api/v1/quarantine/" + id + "/" + verb;
          }};
}

Change agent_change(const std::string& verb, std::string summary, std::string done) {
  return {.path = {"agent", verb},
          .summary = std::move(summary),
          .operands = "",
          .words = 0,
          .flags = {},
          .of_agent = true,
          .done = says(std::move(done)),
          .target = [verb](const Arguments&) { return Result<std::string>("/api/v1/" + verb); }};
}

Change accept_change() {
  return {.path = {"kafka", "accept"},
          .summary = "Reads a partition that was made anew from its beginning.",
          .operands = "",
          .words = 0,
          .flags = {{.name = "partition", .value = "N", .help = "which partition"}},
          .of_agent = false,
          .done = says("accepted"),
          .target = [](const Arguments& arguments) -> Result<std::string> {
            const auto partition = arguments.value("partition");
            if (!partition) return fail(Code::kUsage, "say which with --partition N");
            MB_TRY(const std::string number, in("--partition", number_segment(*partition)));
            return "/api/v1/partitions/" + number + "/accept";
          }};
}

}  // namespace

std::vector<Command> operator_commands(const ServiceAccess& access) {
  std::vector<Change> changes = machine_changes();
  changes.push_back(quarantine_change("release", "Applies a quarantined item on your word."));
  changes.push_back(
      quarantine_change("discard", "Settles a quarantined item without applying it."));
  changes.push_back(accept_change());
  changes.push_back(agent_change("pause",
                                 "Stops sending until resume or the next start; metering goes on.",
                                 "paused until `meterbill agent resume` or the next start"));
  changes.push_back(agent_change("resume", "Sends again after a pause.", "resumed"));
  std::vector<Command> commands;
  commands.reserve(changes.size());
  for (Change& change : changes) commands.push_back(to_command(access, std::move(change)));
  return commands;
}

}  // namespace meterbill
