#include "config/agent_config.h"

#include <fmt/format.h>

#include "config/problems.h"

namespace meterbill {
namespace {

Result<MachineId> make_machine_id(const Settings& settings, std::string_view host_name) {
  const std::string& said = settings.get<std::string>("agent.machine_id");
  if (!said.empty()) return MachineId{said};
  if (!is_machine_id(host_name))
    return fail(Code::kConfig,
                fmt::format("agent.machine_id: the host name '{}' cannot be a machine id (a letter "
                            "or digit, then at most 127 letters, digits, '.', '_', ':' or '-'); "
                            "set agent.machine_id",
                            printable(host_name)));
  return MachineId{std::string(host_name)};
}

std::variant<HttpUrl, KafkaUrl> make_sink(const Settings& settings) {
  const OptionValue& value = settings.at("agent.sink").value;
  if (const auto* http = std::get_if<HttpUrl>(&value)) return *http;
  return std::get<KafkaUrl>(value);
}

}  // namespace

Result<AgentConfig> make_agent_config(const Settings& settings, std::string_view host_name) {
  Problems problems;
  AgentConfig config;
  config.sink = make_sink(settings);
  problems.take(make_machine_id(settings, host_name), config.machine_id);
  problems.take(make_http_config(settings), config.http);
  problems.take(make_kafka_config(settings, std::get_if<KafkaUrl>(&config.sink)), config.kafka);
  config.interval = settings.get<std::chrono::microseconds>("agent.interval");
  config.labels = settings.get<Labels>("agent.labels");
  config.state_dir = settings.get<std::string>("agent.state_dir");
  config.spool_max_bytes = settings.get<std::int64_t>("agent.spool_max_bytes");
  config.control = settings.get<std::string>("agent.control");
  config.source_root = settings.get<std::string>("agent.source_root");
  config.log_level = make_log_level(settings);
  MB_TRYV(problems.result());
  return config;
}

}  // namespace meterbill
