#include <iostream>

#include "adapters/openssl/sha256.h"
#include "adapters/time_zone/host_time_zones.h"
#include "cli/bill_compute.h"
#include "cli/cli.h"
#include "cli/config_command.h"
#include "cli/prices_check.h"
#include "cli/version_command.h"
#include "config/text_file.h"
#include "service/library_versions.h"
#include "service/process.h"

int main(int argc, char** argv) {
  using namespace meterbill;
  const ConfigContext context{.environment = process_environment(),
                              .host_name = host_name(),
                              .folder = "/etc/meterbill",
                              .check_property = {}};
  const SystemClock clock;
  const HostTimeZones zones{sha256_hex};
  const auto read_file = [](const std::string& path) {
    constexpr std::size_t kBytesMax = std::size_t{1} << 30;
    return read_text_file(path, kBytesMax);
  };
  std::vector<Command> commands{
      bill_compute_command({zones, clock, read_file, sha256_hex}),
      prices_check_command({zones, read_file, sha256_hex, /*default_prices=*/""})};
  for (Command& command : config_commands(context)) commands.push_back(std::move(command));
  commands.push_back(version_command(library_versions()));

  const Terminal terminal{
      .in = std::cin, .out = std::cout, .err = std::cerr, .colour = wants_colour()};
  return Cli{std::move(commands)}.run({argv + (argc > 0 ? 1 : 0), argv + argc}, terminal);
}
