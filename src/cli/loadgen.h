#pragma once

#include <functional>
#include <memory>

#include "cli/ask_service.h"
#include "cli/backup_command.h"
#include "cli/command.h"
#include "cli/config_command.h"
#include "config/agent_config.h"
#include "ports/sink.h"

namespace meterbill {

/// What `loadgen` is given by main.cc.
struct LoadgenParts {
  const Clock& clock;
  ConfigContext context;  ///< `kafka.*` of agent.conf hold here, too
  ServiceAccess access;
  /// Opens `AgentConfig::sink` with the `kafka.*` beside it, as the agent does.
  std::function<Result<std::unique_ptr<Sink>>(const AgentConfig&)> open_sink;
  WaitForInterrupt wait;
  std::function<std::uint64_t()> random;
};

/// `loadgen --sink URL [--agents N] …`: plays agents that do not exist. Their machines come on
/// bills, so it refuses a ledger that has others, unless told to go on. Exit 65: it refused; 69:
/// not everything was acknowledged in the end; 73: the file of totals cannot be made.
[[nodiscard]] Command loadgen_command(LoadgenParts parts);

}  // namespace meterbill
