#pragma once

#include "ports/kafka_check.h"

namespace meterbill {

class Clock;

/// KafkaCheck (ports/kafka_check.h) with librdkafka, and with plain sockets for the first two
/// steps: a client library tells them apart only in words. `clock` gives the probe its identity.
[[nodiscard]] bool check_kafka(const KafkaCheckTarget& target,
                               const std::function<void(const KafkaCheckStep&)>& told,
                               const Clock& clock);

}  // namespace meterbill
