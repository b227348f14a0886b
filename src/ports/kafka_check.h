#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace meterbill {

/// What is to be checked, and for whom.
struct KafkaCheckTarget {
  struct Broker {
    std::string host;
    std::uint16_t port = 0;
  };
  std::vector<Broker> brokers;
  std::string topic;
  std::map<std::string, std::string> properties;  ///< librdkafka's; holds secrets
  bool must_read = true;   ///< the worker: without the right to write, the probe is left out
  bool must_write = true;  ///< the agent: without the right to read, the probe is not read back
};

enum class KafkaCheckResult { kOk, kWarning, kFailed };

/// One line of the answer. No field holds a secret.
struct KafkaCheckStep {
  int number = 0;       ///< 1 to 7; several lines may have one number
  std::string name;     ///< `resolve`, `connect`, `TLS`, `login`, `topic`, `produce`, `consume`
  std::string subject;  ///< the broker, the topic, the record
  std::string detail;   ///< what was found
  KafkaCheckResult result = KafkaCheckResult::kOk;
  std::string remedy;  ///< what to do; empty when all is well
  std::optional<std::int64_t> took_us;
};

/// Goes from a broker's name to a probe that is produced and consumed back, and tells of each step
/// as it is done; ends at the first that must not fail and did. Each step waits at most 10 s. The
/// probe, `io.meterbill.probe.v1`, never reaches a bill. True: nothing failed.
using KafkaCheck = std::function<bool(const KafkaCheckTarget& target,
                                      const std::function<void(const KafkaCheckStep&)>& told)>;

}  // namespace meterbill
