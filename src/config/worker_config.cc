#include "config/worker_config.h"

namespace meterbill {
namespace {

WorkerConfig make(const Settings& settings, Problems& problems) {
  WorkerConfig config;
  if (const auto* url = std::get_if<KafkaUrl>(&settings.at("worker.kafka").value))
    config.kafka_url = *url;
  config.http = make_http_config(settings, problems);
  config.kafka =
      make_kafka_config(settings, config.kafka_url ? &*config.kafka_url : nullptr, problems);
  const Setting& listen = settings.at("http.listen");
  if (!config.kafka_url && std::holds_alternative<Off>(listen.value))
    problems.add(listen.origin,
                 "worker.kafka and http.listen are both off: the worker would have no source; set "
                 "one");
  // Money must not be thought to go where it does not.
  const Setting& accounts = settings.at("worker.accounts");
  if (!std::get<std::string>(accounts.value).empty())
    problems.add(
        accounts.origin,
        "worker.accounts: accounts are not billed yet; remove this key, and bills are made "
        "for each machine");
  config.state_dir = settings.get<std::string>("worker.state_dir");
  config.prices = settings.get<std::string>("worker.prices");
  config.control = settings.get<std::string>("worker.control");
  config.batch_max = settings.get<std::int64_t>("worker.batch_max");
  config.batch_age = settings.get<std::chrono::microseconds>("worker.batch_age");
  config.evidence_keep = settings.get<std::chrono::microseconds>("evidence.keep");
  config.evidence_max_bytes = settings.get<std::int64_t>("evidence.max_bytes");
  config.quarantine_max_bytes = settings.get<std::int64_t>("quarantine.max_bytes");
  config.usage_reach_back = settings.get<std::chrono::microseconds>("usage.reach_back");
  config.log_level = make_log_level(settings);
  return config;
}

}  // namespace

Problems worker_problems(const Settings& settings) {
  Problems problems;
  static_cast<void>(make(settings, problems));
  return problems;
}

Result<WorkerConfig> make_worker_config(const Settings& settings) {
  Problems problems;
  WorkerConfig config = make(settings, problems);
  MB_TRYV(problems.result());
  return config;
}

}  // namespace meterbill
