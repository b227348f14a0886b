#include "config/worker_config.h"

#include "config/problems.h"

namespace meterbill {

Result<WorkerConfig> make_worker_config(const Settings& settings) {
  Problems problems;
  WorkerConfig config;
  if (const auto* url = std::get_if<KafkaUrl>(&settings.at("worker.kafka").value))
    config.kafka_url = *url;
  problems.take(make_http_config(settings), config.http);
  problems.take(make_kafka_config(settings, config.kafka_url ? &*config.kafka_url : nullptr),
                config.kafka);
  if (!config.kafka_url && std::holds_alternative<Off>(settings.at("http.listen").value))
    problems.add(
        "worker.kafka and http.listen are both off: the worker would have no source; set one");
  config.state_dir = settings.get<std::string>("worker.state_dir");
  config.prices = settings.get<std::string>("worker.prices");
  config.accounts = settings.get<std::string>("worker.accounts");
  config.control = settings.get<std::string>("worker.control");
  config.batch_max = settings.get<std::int64_t>("worker.batch_max");
  config.batch_age = settings.get<std::chrono::microseconds>("worker.batch_age");
  config.evidence_keep = settings.get<std::chrono::microseconds>("evidence.keep");
  config.evidence_max_bytes = settings.get<std::int64_t>("evidence.max_bytes");
  config.quarantine_max_bytes = settings.get<std::int64_t>("quarantine.max_bytes");
  config.usage_reach_back = settings.get<std::chrono::microseconds>("usage.reach_back");
  config.log_level = make_log_level(settings);
  MB_TRYV(problems.result());
  return config;
}

}  // namespace meterbill
