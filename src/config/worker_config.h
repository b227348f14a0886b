#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "config/load.h"
#include "config/shared_config.h"

namespace meterbill {

/// Everything meterbill-worker is told, read and checked.
struct WorkerConfig {
  std::string state_dir;
  std::optional<KafkaUrl> kafka_url;  ///< none: off
  std::string prices;                 ///< empty: the built-in price book
  std::string control;
  std::int64_t batch_max = 0;
  std::chrono::microseconds batch_age{};
  HttpConfig http;
  std::chrono::microseconds evidence_keep{};
  std::int64_t evidence_max_bytes = 0;
  std::int64_t quarantine_max_bytes = 0;
  std::chrono::microseconds usage_reach_back{};
  LogLevel log_level = LogLevel::kInfo;
  std::map<std::string, std::string> kafka;  ///< librdkafka properties; holds secrets
};

/// The typed form of loaded settings. kConfig, every problem on its own line: an address others
/// can reach without http.insecure; no source at all; a file of accounts.
[[nodiscard]] Result<WorkerConfig> make_worker_config(const Settings& settings);

/// What make_worker_config would refuse: for LoadRequest::check_together.
[[nodiscard]] Problems worker_problems(const Settings& settings);

}  // namespace meterbill
