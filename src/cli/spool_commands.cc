#include "cli/spool_commands.h"

#include <fmt/format.h>

#include <filesystem>
#include <ostream>

#include "cli/arguments.h"
#include "cli/spool_text.h"

namespace meterbill {
namespace {

std::vector<Flag> spool_flags() {
  return {{.name = "spool", .value = "FILE", .help = "the spool, spool.db"},
          {.name = "state-dir",
           .value = "DIR",
           .help = "the agent's folder with it; without either that of agent.conf"},
          {.name = "json", .value = "", .help = "print JSON"}};
}

Result<std::string> path_of(const SpoolContext& context, const Arguments& arguments) {
  const auto file = arguments.value("spool");
  const auto folder = arguments.value("state-dir");
  if (file && folder) return fail(Code::kUsage, "--spool and --state-dir cannot be given together");
  if (file) return *file;
  if (!folder && context.failure) return *context.failure;
  return (std::filesystem::path(folder.value_or(context.state_dir)) / "spool.db").string();
}

Error with_remedy(Error error, const std::string& path) {
  if (error.code == Code::kNotFound)
    return std::move(error).in("no spool; --spool or --state-dir names that of an agent");
  if (error.code == Code::kPermission)
    return std::move(error).in("the spool is the agent's user's: run this as root or as that user");
  if (error.code == Code::kDamaged)
    return std::move(error).in(path +
                               " is damaged; an agent that is started keeps it under another name "
                               "and begins a new one");
  return error;
}

Result<int> list(const SpoolContext& context, const Arguments& arguments,
                 const Terminal& terminal) {
  MB_TRY(const std::string path, path_of(context, arguments));
  auto spool = context.open(path);
  if (!spool) return with_remedy(std::move(spool).error(), path);
  SpoolPrinter printer(arguments.has("json"), path);
  terminal.out << printer.begin();
  const auto walked = spool.value()->rows([&](const SpoolRow& row) -> Result<void> {
    terminal.out << printer.add(row);
    return ok();
  });
  if (!walked) return with_remedy(walked.error(), path);
  MB_TRY(const std::optional<Folded> folded, spool.value()->folded());
  terminal.out << printer.end(folded);
  return static_cast<int>(kExitOk);
}

Result<int> verify(const SpoolContext& context, const Arguments& arguments,
                   const Terminal& terminal) {
  MB_TRY(const std::string path, path_of(context, arguments));
  auto spool = context.open(path);
  std::vector<SpoolFault> faults;
  if (spool) {
    MB_TRY(faults, spool.value()->verify());
  } else if (spool.error().code == Code::kDamaged) {
    faults.push_back({"the file", spool.error().message});
  } else {
    return with_remedy(std::move(spool).error(), path);
  }
  terminal.out << (arguments.has("json") ? spool_faults_json(path, faults)
                                         : spool_faults_text(path, faults));
  return static_cast<int>(faults.empty() ? kExitOk : kExitData);
}

using Run = Result<int> (*)(const SpoolContext&, const Arguments&, const Terminal&);

Command command(const SpoolContext& context, const char* name, const char* summary, Run run) {
  return {.path = {"spool", name},
          .summary = summary,
          .run =
              [context, run](const std::vector<std::string>& words, const Terminal& terminal) {
                const auto arguments = parse_arguments(words, spool_flags(), 0);
                if (!arguments) return report(arguments.error(), terminal);
                const auto done = run(context, arguments.value(), terminal);
                return done ? done.value() : report(done.error(), terminal);
              },
          .operands = "",
          .flags = spool_flags()};
}

}  // namespace

std::vector<Command> spool_commands(const SpoolContext& context) {
  return {command(context, "list", "Lists what a stopped agent keeps, and how far it got.", list),
          command(context, "verify", "Checks the spool of a stopped agent.", verify)};
}

}  // namespace meterbill
