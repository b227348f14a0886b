// The peers of `./dev bench latency`: one value there and, for all we care, back.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"

namespace meterbill::bench {

/// A way of a value from one program to another, ready to be used. One thread at a time.
class Trip {
 public:
  virtual ~Trip() = default;
  /// Returns when the value is there.
  [[nodiscard]] virtual Result<void> carry(const std::string& value) = 0;
};

/// Plain librdkafka: produced with acks=all, over when it was consumed. The topic has one
/// partition.
[[nodiscard]] Result<std::unique_ptr<Trip>> kafka_trip(const std::string& brokers,
                                                       const std::string& topic);

/// A POST on a kept loopback connection to a thread that answers 204 at once; over with the answer.
[[nodiscard]] Result<std::unique_ptr<Trip>> http_trip();

}  // namespace meterbill::bench
