#pragma once

#include <librdkafka/rdkafka.h>

#include "ports/source.h"
#include "wire/message.h"

namespace meterbill {

/// The exact content of a consumed record: key, headers, value, timestamp.
[[nodiscard]] Delivery to_delivery(const rd_kafka_message_t& message);

/// SHA-256 over timestamp (µs), key, headers in order and value, each preceded by its length, so
/// that no two records share an input. A tombstone's value has length 2^64-1.
[[nodiscard]] Sha256 anchor_digest(const Delivery& delivery);

}  // namespace meterbill
