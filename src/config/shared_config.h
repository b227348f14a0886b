#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "config/problems.h"
#include "config/settings.h"

namespace meterbill {

/// `http.*` of either program.
struct HttpConfig {
  std::optional<HostPort> listen;  ///< none: off
  std::vector<std::string> allowed_hosts;
  std::int64_t connections_max = 0;
};

/// A problem when the address is not loopback and http.insecure is not set.
[[nodiscard]] HttpConfig make_http_config(const Settings& settings, Problems& problems);

[[nodiscard]] LogLevel make_log_level(const Settings& settings);

/// The properties for librdkafka. `bootstrap.servers` (or its other name) is taken out and
/// replaces the brokers of `url`, so that what is shown is what is used.
[[nodiscard]] std::map<std::string, std::string> make_kafka_config(const Settings& settings,
                                                                   KafkaUrl* url,
                                                                   Problems& problems);

}  // namespace meterbill
