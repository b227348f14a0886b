#include "config/shared_config.h"

#include <fmt/format.h>

namespace meterbill {

HttpConfig make_http_config(const Settings& settings, Problems& problems) {
  HttpConfig config{.listen = {},
                    .allowed_hosts = settings.get<std::vector<std::string>>("http.allowed_hosts"),
                    .connections_max = settings.get<std::int64_t>("http.connections_max")};
  const Setting& listen = settings.at("http.listen");
  if (const auto* endpoint = std::get_if<HostPort>(&listen.value)) config.listen = *endpoint;
  if (config.listen && !is_loopback(config.listen->host) && !settings.get<bool>("http.insecure"))
    problems.add(listen.origin,
                 fmt::format("http.listen: others can reach {}, and there is no TLS and no login; "
                             "listen on 127.0.0.1, or set http.insecure=true if the network is "
                             "trusted",
                             listen.shown));
  return config;
}

LogLevel make_log_level(const Settings& settings) {
  const auto level = parse_log_level(settings.get<std::string>("log.level"));
  MB_ASSERT(level);  // the table lists the same words; a test compares them
  return *level;
}

std::map<std::string, std::string> make_kafka_config(const Settings& settings, KafkaUrl* url,
                                                     Problems& problems) {
  auto properties = settings.kafka_properties();
  for (const char* name : {"metadata.broker.list", "bootstrap.servers"}) {
    const auto found = properties.find(name);
    if (found == properties.end()) continue;
    auto brokers = parse_broker_list(found->second);
    if (!brokers) {
      const std::string key = fmt::format("kafka.{}", name);
      problems.add(settings.at(key).origin, fmt::format("{}: {}", key, brokers.error().message));
    } else if (url != nullptr) {
      url->brokers = std::move(brokers).value();
    }
    properties.erase(found);
  }
  return properties;
}

}  // namespace meterbill
