// The load of the benchmarks in a topic, and the limit of reading it: plain librdkafka.
#pragma once

#include <cstdint>
#include <string>

#include "bench_messages.h"

namespace meterbill::bench {

/// Produces `count` messages as an agent does: binary mode, key and partition by machine. Returns
/// what failed, empty if nothing.
[[nodiscard]] std::string fill(const std::string& brokers, const std::string& topic,
                               const Shape& shape, std::int64_t count, std::int64_t start_s);

/// Reads `count` messages of all partitions from their beginning and adds up their bytes, nothing
/// else. Prints `{"seconds":…,"count":…,"bytes":…}`, seconds from before it connects; returns what
/// failed.
[[nodiscard]] std::string receive(const std::string& brokers, const std::string& topic,
                                  std::int64_t count);

}  // namespace meterbill::bench
