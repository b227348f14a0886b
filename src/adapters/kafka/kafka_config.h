#pragma once

#include <chrono>
#include <map>
#include <string>

namespace meterbill {

/// Which cluster and topic, and librdkafka properties passed through as they are (`kafka.*`). May
/// hold secrets: never logged.
struct KafkaConfig {
  std::string brokers;  ///< host:port[,host:port]
  std::string topic = "resource_usage";
  std::map<std::string, std::string> properties;
  std::chrono::milliseconds look_every{30'000};  ///< a source looks for new partitions and ends
};

}  // namespace meterbill
