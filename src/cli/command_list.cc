#include "cli/command_list.h"

#include <utility>

#include "cli/bill_show.h"
#include "cli/completion_command.h"
#include "cli/list_commands.h"
#include "cli/operator_commands.h"
#include "cli/running_commands.h"
#include "cli/send_command.h"
#include "cli/usage_command.h"

namespace meterbill {
namespace {

void append(std::vector<Command>& into, std::vector<Command> commands) {
  for (Command& command : commands) into.push_back(std::move(command));
}

}  // namespace

std::vector<Command> command_list(CommandParts parts) {
  const ServiceAccess& access = parts.access;
  std::vector<Command> commands;
  append(commands, list_commands(access));
  commands.push_back(usage_command(access));
  commands.push_back(bill_show_command(access));
  commands.push_back(bill_compute_command(std::move(parts.bill_compute)));
  commands.push_back(prices_check_command(std::move(parts.prices_check)));
  append(commands, operator_commands(access));
  commands.push_back(send_command(access, parts.wait));
  append(commands, running_commands(access));
  commands.push_back(backup_command(access, parts.wait));
  commands.push_back(kafka_check_command(parts.config, parts.check_kafka));
  commands.push_back(agent_once_command(std::move(parts.measure)));
  commands.push_back(outside_view_command(std::move(parts.outside_view)));
  append(commands, spool_commands(parts.spool));
  append(commands, config_commands(parts.config));
  append(commands, windows_service_commands(parts.services));
  commands.push_back(loadgen_command(std::move(parts.loadgen)));
  commands.push_back(version_command(parts.libraries));
  commands.push_back(completion_command(commands));
  return commands;
}

}  // namespace meterbill
