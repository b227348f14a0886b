#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "config/load.h"
#include "config/service_reach.h"

namespace meterbill {

/// What the config commands need to know of the machine; main.cc fills it.
struct ConfigContext {
  std::map<std::string, std::string> environment;
  std::string host_name;
  std::string folder;            ///< of agent.conf and worker.conf
  PropertyCheck check_property;  ///< may be empty
  /// What is wrong with a price file; may be empty.
  std::function<Result<void>(const std::string& path)> check_prices = {};
  /// What the installed service of that name could not reach; none: there is none here, or whoever
  /// asks may do no more than it.
  std::function<std::optional<ServiceReach>(const std::string& program)> service_reach = {};
};

/// `config check`, `config show` and `config default`.
[[nodiscard]] std::vector<Command> config_commands(const ConfigContext& context);

}  // namespace meterbill
