#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "adapters/kafka/kafka_config.h"
#include "adapters/kafka/kafka_signals.h"
#include "base/clock.h"
#include "base/result.h"
#include "wire/encode.h"

namespace meterbill {

/// The parts of `kafka check` that look at one thing each.

/// Which step a connection that librdkafka could not open failed at, and what to do. Its own words
/// are all there is to tell by.
struct KafkaFault {
  int step = 2;
  std::string name;
  std::string remedy;
};
[[nodiscard]] KafkaFault explain_fault(const std::string& error, bool uses_tls, bool uses_login);

/// librdkafka's failure without the broker before it and the time and state behind it.
[[nodiscard]] std::string plain_words(const std::string& error);

/// Settings of a topic or a broker, by name. kUnavailable, kRefused: not allowed to see them.
using KafkaSettings = std::map<std::string, std::string>;
[[nodiscard]] Result<KafkaSettings> describe_settings(rd_kafka_t* client,
                                                      rd_kafka_ResourceType_t type,
                                                      const std::string& name, int timeout_ms);

/// What in a topic's settings loses readings. `retention_ms_min`: how long records must stay when
/// their time is the sender's.
struct KafkaTopicRisk {
  std::string what;
  std::string remedy;
};
[[nodiscard]] std::vector<KafkaTopicRisk> topic_risks(const KafkaSettings& settings,
                                                      std::int64_t retention_ms_min);

/// A message that is counted as repeated and never billed.
struct KafkaProbe {
  OutgoingMessage message;
  std::int32_t partition = -1;
  std::int64_t offset = -1;
};
[[nodiscard]] KafkaProbe make_probe(const Instant& now);

struct KafkaProduced {
  std::string error;  ///< empty: the brokers have it
  bool is_forbidden = false;
  std::int32_t partition = -1;
  std::int64_t offset = -1;
  bool is_unanswered = false;  ///< it failed without a broker's word on it: time-out, transport
};
/// Failures of connections are noted in `signals`.
[[nodiscard]] KafkaProduced produce_probe(const KafkaConfig& config, const KafkaProbe& probe,
                                          int timeout_ms,
                                          const std::shared_ptr<KafkaSignals>& signals);

/// Why the probe was lost, and what to do. `connection_error`: the last failure of a connection,
/// which may be that of another broker: it tells something only where no broker answered.
struct KafkaLoss {
  std::string what;
  std::string remedy;
};
[[nodiscard]] KafkaLoss explain_loss(const KafkaProduced& produced,
                                     const std::string& connection_error);

}  // namespace meterbill
