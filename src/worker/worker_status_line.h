#pragma once

#include <string>

#include "base/clock.h"
#include "worker/worker.h"

namespace meterbill {

/// One line for whoever runs the service: `ready: kafka 3/3 partitions, lag 0, 412 items a second;
/// 214 machines, last commit less than a minute ago`, or why it is not ready.
[[nodiscard]] std::string status_line(const WorkerStatus& status, UtcTime now);

}  // namespace meterbill
