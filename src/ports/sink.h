#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "wire/message.h"

namespace meterbill {

/// What became of one message.
enum class Fate {
  kDelivered,  ///< durable on the other side: its rows may be acknowledged
  kRefused,  ///< will never be taken as it is (HTTP 400, 413, 415; Kafka message too large): split
             ///< it, or set its row aside
  kLater,    ///< away, busy, or not allowed now: try again after `retry_after_ms`
};

struct SendReport {
  Fate fate = Fate::kLater;
  std::string detail;  ///< for people: what happened and the remedy; empty when delivered
  std::int64_t retry_after_ms = 0;
  std::int64_t quarantined =
      0;  ///< readings the worker quarantined (`MeterBill-Result`); 0 over Kafka
  std::optional<UtcTime> server_time;  ///< HTTP `Date`
};

/// Where readings go. One thread at a time. Never keeps a message after `send` returned: the spool
/// is the buffer.
class Sink {
 public:
  virtual ~Sink() = default;

  /// Sends all, waits for each one's fate (bounded by a timeout of the sink's own), in the order
  /// given. The result has as many entries as `messages`. Never fails as a whole: an absent peer is
  /// kLater for each.
  [[nodiscard]] virtual std::vector<SendReport> send(std::span<const OutgoingMessage> messages) = 0;

  /// "http://127.0.0.1:5001": for status and logs; holds no secret.
  [[nodiscard]] virtual std::string name() const = 0;
};

}  // namespace meterbill
