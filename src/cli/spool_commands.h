#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "ports/spool_file.h"

namespace meterbill {

/// What `spool list` and `spool verify` are given.
struct SpoolContext {
  OpenSpoolFile open;
  std::string state_dir;           ///< of the agent's configuration
  std::optional<Error> failure{};  ///< why it could not be read: then a flag must name the spool
};

/// `spool list` and `spool verify`, of a stopped agent. Nothing of the spool is changed.
[[nodiscard]] std::vector<Command> spool_commands(const SpoolContext& context);

}  // namespace meterbill
