// From the tick of an agent to the bill, and the least that such a way costs.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "bench_trips.h"

namespace meterbill::bench {

struct LatencyOptions {
  std::uint16_t worker_port = 0;
  std::string machine;     ///< of an agent that ticks every second and sends to that worker
  std::string folder;      ///< where the peer's two databases are made
  std::int64_t ticks = 0;  ///< how many are measured
};

/// Watches `/api/cost/{machine}` from each full second on until the cost is another one: the
/// agent's ticks fall on full seconds of the wall clock, so that the second is where the tick was
/// due. Half a second later the peer goes its way: a SQLite commit, the trip, a SQLite commit.
/// Prints `{"ours_us":[…],"peer_us":[…],"poll_us":…}`; `poll_us`: the median time from one answer
/// to the next, by which what is ours may be too long.
[[nodiscard]] Result<void> latency(const LatencyOptions& options, Trip& trip);

}  // namespace meterbill::bench
