#include "cli/start_program.h"

#include <fmt/format.h>

#include <ostream>

#include "base/build_info.h"
#include "config/command_line.h"
#include "config/print.h"

namespace meterbill {

std::variant<StartedProgram, int> start_program(
    const OptionTable& table, const std::vector<std::string>& arguments,
    const std::map<std::string, std::string>& environment, const PropertyCheck& check_property,
    const TogetherCheck& check_together, const Terminal& terminal) {
  auto said = parse_command_line(table, arguments);
  if (!said) return report(said.error(), terminal, table.program);
  if (said.value().help) {
    terminal.out << print_help(table) << std::flush;
    return kExitOk;
  }
  if (said.value().version) {
    terminal.out << fmt::format("{} {} ({})\n", table.program, build_info().version,
                                build_info().commit)
                 << std::flush;
    return kExitOk;
  }
  LoadRequest request{.config_file = said.value().config_file,
                      .default_file = {},
                      .environment = environment,
                      .command_line = said.value().settings,
                      .check_property = check_property,
                      .check_together = check_together};
  auto settings = load_settings(table, request);
  if (!settings) return report(settings.error(), terminal, table.program);
  return StartedProgram{.settings = std::move(settings).value(), .request = std::move(request)};
}

}  // namespace meterbill
