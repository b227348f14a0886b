#pragma once

#include <librdkafka/rdkafka.h>

#include <string>

#include "ports/source.h"
#include "wire/encode.h"

namespace meterbill {

/// A record's timestamp is anybody's 64 bits: the nearest time of the years 0 to 9999, which can be
/// written and computed with.
[[nodiscard]] UtcTime record_time(std::int64_t milliseconds);

/// The exact content of a consumed record: key, headers, value, timestamp.
[[nodiscard]] Delivery to_delivery(const rd_kafka_message_t& message);

/// SHA-256 over timestamp (µs), key, headers in order and value, each preceded by its length, so
/// that no two records share an input. A tombstone's value has length 2^64-1.
[[nodiscard]] Sha256 anchor_digest(const Delivery& delivery);

/// Hands a message to a producer, which copies it; its report will carry `opaque`. The record's
/// time is the send time, never the slot's (hazard H17): no timestamp is given.
[[nodiscard]] rd_kafka_resp_err_t produce(rd_kafka_t* producer, const std::string& topic,
                                          const OutgoingMessage& message, void* opaque);

}  // namespace meterbill
