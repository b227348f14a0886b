#include <iostream>

#include "adapters/kafka/kafka_check.h"
#include "adapters/kafka/kafka_handle.h"
#include "base/clock.h"
#include "cli/cli.h"
#include "cli/config_command.h"
#include "cli/kafka_check.h"
#include "cli/library_versions.h"
#include "cli/version_command.h"
#include "service/process.h"

int main(int argc, char** argv) {
  using namespace meterbill;
  const ConfigContext context{.environment = process_environment(),
                              .host_name = host_name(),
                              .folder = "/etc/meterbill",
                              .check_property = check_kafka_property};
  const SystemClock clock;
  const KafkaCheck check_steps = [&clock](const KafkaCheckTarget& target, const auto& told) {
    return check_kafka(target, told, clock);
  };
  std::vector<Command> commands;
  for (Command& command : config_commands(context)) commands.push_back(std::move(command));
  commands.push_back(kafka_check_command(context, check_steps));
  commands.push_back(version_command(library_versions()));

  const Terminal terminal{
      .in = std::cin, .out = std::cout, .err = std::cerr, .colour = wants_colour()};
  return Cli{std::move(commands)}.run({argv + (argc > 0 ? 1 : 0), argv + argc}, terminal);
}
