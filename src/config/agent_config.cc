#include "config/agent_config.h"

#include <fmt/format.h>

#include "base/printable.h"

namespace meterbill {
namespace {

MachineId make_machine_id(const Settings& settings, std::string_view host_name,
                          Problems& problems) {
  const Setting& said = settings.at("agent.machine_id");
  if (const auto& id = std::get<std::string>(said.value); !id.empty()) return MachineId{id};
  if (!is_machine_id(host_name))
    problems.add(
        said.origin,
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

AgentConfig make(const Settings& settings, std::string_view host_name, Problems& problems) {
  AgentConfig config;
  config.sink = make_sink(settings);
  config.machine_id = make_machine_id(settings, host_name, problems);
  config.http = make_http_config(settings, problems);
  config.kafka = make_kafka_config(settings, std::get_if<KafkaUrl>(&config.sink), problems);
  config.ca_file = settings.get<std::string>("agent.ca_file");
  if (const auto* proxy = std::get_if<HttpUrl>(&settings.at("agent.http_proxy").value))
    config.http_proxy = *proxy;
  config.interval = settings.get<std::chrono::microseconds>("agent.interval");
  config.labels = settings.get<Labels>("agent.labels");
  config.state_dir = settings.get<std::string>("agent.state_dir");
  config.spool_max_bytes = settings.get<std::int64_t>("agent.spool_max_bytes");
  config.control = settings.get<std::string>("agent.control");
  config.outside_view = settings.get<std::string>("agent.outside_view");
  config.source_root = settings.get<std::string>("agent.source_root");
  config.log_level = make_log_level(settings);
  return config;
}

}  // namespace

Problems agent_problems(const Settings& settings, std::string_view host_name) {
  Problems problems;
  static_cast<void>(make(settings, host_name, problems));
  return problems;
}

Result<AgentConfig> make_agent_config(const Settings& settings, std::string_view host_name) {
  Problems problems;
  AgentConfig config = make(settings, host_name, problems);
  MB_TRYV(problems.result());
  return config;
}

}  // namespace meterbill
