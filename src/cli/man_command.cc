#include "cli/man_command.h"

#include <fmt/format.h>

#include "cli/completion.h"
#include "config/man_page.h"

namespace meterbill {
namespace {

void add_description(ManPage& page) {
  page.heading("SYNOPSIS");
  page.paragraph("`meterbill` COMMAND [ARGUMENT]... [`--`OPTION[`=`VALUE]]...");
  page.paragraph("`meterbill` [COMMAND] `--help`");
  page.heading("DESCRIPTION");
  page.paragraph(
      "MeterBill bills the use of machines. `meterbill-agent`(8) meters the machine it runs on; "
      "`meterbill-worker`(8) turns the readings of all machines into usage and exact bills. "
      "`meterbill` shows what they have, says what is wrong, and steers them.");
  page.paragraph(
      "Results go to standard output, everything else to standard error. With `--json` the output "
      "is one JSON value. Options are long; `--name=value` and `--name value` are the same, and "
      "behind `--` nothing is an option.");
  page.paragraph(
      "What only shows something asks a service over HTTP, and where an option says so, the ledger "
      "of a stopped worker. What changes something goes through the control socket of the "
      "service, which its file mode guards. Where both are is read from the configuration of "
      "the services, see `meterbill.conf`(5); options name others.");
}

void add_command(ManPage& page, const Command& command) {
  const std::string path = path_text(command);
  page.subheading(path);
  std::string usage = fmt::format("`meterbill {}`", path);
  if (!command.operands.empty()) usage += " " + command.operands;
  for (const Flag& flag : command.flags)
    usage +=
        fmt::format(" [`--{}`{}{}]", flag.name, flag.value.empty() ? "" : "\u00A0", flag.value);
  page.paragraph(usage);
  page.paragraph(command.summary);
  for (const Flag& flag : command.flags)
    page.item(fmt::format("`--{}`{}{}", flag.name, flag.value.empty() ? "" : " ", flag.value),
              flag.help);
}

void add_exit_status(ManPage& page) {
  page.heading("EXIT STATUS");
  const auto status = [&](Exit code, std::string_view meaning) {
    page.item(fmt::format("{}", static_cast<int>(code)), meaning);
  };
  status(kExitOk, "Done.");
  status(kExitUsage, "Wrong use: an unknown option, a value that cannot be.");
  status(kExitData,
         "The data are wrong: bad messages or prices, used prices that were changed, a ledger that "
         "is damaged or too new, a request that does not fit what is there.");
  status(kExitNoInput, "There is no such file, machine or item.");
  status(kExitUnavailable,
         "The service or Kafka is not there, does not answer in time, or refuses.");
  status(kExitCannotCreate, "The file of `backup` or of `loadgen --totals` cannot be made.");
  status(kExitIo, "A disk is full, or reading or writing failed.");
  status(kExitTemporary,
         "Not now: another one is at it, a service is not ready (`status`), a backup was stopped.");
  status(kExitPermission, "Not allowed: a folder, file or socket that this user may not use.");
  status(kExitConfig, "The configuration is wrong.");
  page.paragraph(
      "A command that fails says why on standard error, and what to do. With `--json` its standard "
      "output is then empty, except where the answer is itself what was found.");
}

void add_surroundings(ManPage& page) {
  page.heading("ENVIRONMENT");
  page.item(
      "`METERBILL_WORKER_...`, `METERBILL_AGENT_...`",
      "Keys of the configuration, see `meterbill.conf`(5). `METERBILL_WORKER_HTTP_LISTEN` and "
      "`METERBILL_WORKER_CONTROL` tell where the worker is.");
  page.item("`NO_COLOR`", "If it is set and not empty, the output has no colours.");
  page.heading("FILES");
  page.item("`/etc/meterbill/agent.conf`, `/etc/meterbill/worker.conf`",
            "the configuration of the services, from which their places are read");
  page.item("`/run/meterbill-agent/control.sock`, `/run/meterbill-worker/control.sock`",
            "the control sockets; members of the group `meterbill` may use them");
  page.heading("EXAMPLES");
  page.paragraph("How things are:");
  page.example("meterbill status\n");
  page.paragraph("The statement of one machine for last month, and the same for a program:");
  page.example(
      "meterbill bill show --machine web-1 --period last-month\n"
      "meterbill bill show --machine web-1 --period last-month --csv\n");
  page.paragraph("Change the prices:");
  page.example(
      "meterbill prices check --prices /etc/meterbill/prices.toml\n"
      "meterbill reload worker\n");
  page.paragraph("Back up the ledger of the running worker:");
  page.example("meterbill backup /var/backups/meterbill/ledger.db\n");
  page.paragraph("See whether the way to Kafka is open:");
  page.example("meterbill kafka check\n");
  page.paragraph("Have bash complete commands and options where no package does it:");
  page.example("source <(meterbill completion bash)\n");
}

}  // namespace

std::string man_command(const std::vector<Command>& commands) {
  ManPage page("meterbill", 1, "shows and steers what MeterBill meters and bills");
  add_description(page);
  page.heading("COMMANDS");
  for (const Command& command : commands) add_command(page, command);
  page.subheading("help");
  page.paragraph("`meterbill help` [COMMAND]");
  page.paragraph("Prints the same as `--help` behind the command.");
  add_exit_status(page);
  add_surroundings(page);
  page.see_also("meterbill.conf(5) meterbill-prices(5) meterbill-agent(8) meterbill-worker(8)");
  return page.roff();
}

}  // namespace meterbill
