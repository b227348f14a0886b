#pragma once

#include <string>
#include <vector>

#include "agent/agent.h"
#include "ports/web_router.h"

namespace meterbill {

/// What the agent's API is made of. Borrowed; outlives the API.
struct AgentApiParts {
  Agent& agent;
  const Clock& clock;
  std::string version_json;  ///< body of /version
};

/// The routes of the agent (design §10). Pausing, resuming and sending steer the sending alone and
/// go through the control channel.
[[nodiscard]] std::vector<WebRoute> agent_routes(const AgentApiParts& parts);

/// One line for `systemctl status`.
[[nodiscard]] std::string status_line(const AgentStatus& status);

}  // namespace meterbill
