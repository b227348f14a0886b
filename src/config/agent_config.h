#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "config/load.h"
#include "config/shared_config.h"

namespace meterbill {

/// Everything meterbill-agent is told, read and checked.
struct AgentConfig {
  MachineId machine_id;
  std::chrono::microseconds interval{};
  std::variant<HttpUrl, KafkaUrl> sink;
  std::string ca_file;  ///< of an https:// sink; empty: the system's authorities
  std::optional<HttpUrl> http_proxy;
  Labels labels;
  std::string state_dir;
  std::int64_t spool_max_bytes = 0;
  std::string control;
  std::string outside_view;  ///< empty: none
  std::string source_root;
  HttpConfig http;
  LogLevel log_level = LogLevel::kInfo;
  std::map<std::string, std::string> kafka;  ///< librdkafka properties; holds secrets
};

/// The typed form of loaded settings. kConfig, every problem on its own line: a host name that
/// cannot be a machine id while agent.machine_id is not set; an address others can reach without
/// http.insecure.
[[nodiscard]] Result<AgentConfig> make_agent_config(const Settings& settings,
                                                    std::string_view host_name);

/// What make_agent_config would refuse: for LoadRequest::check_together.
[[nodiscard]] Problems agent_problems(const Settings& settings, std::string_view host_name);

}  // namespace meterbill
