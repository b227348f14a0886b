#pragma once

#include <string>

#include "report/metrics_text.h"
#include "worker/recent_coverage.h"
#include "worker/worker.h"

namespace meterbill {

/// What the metrics of the worker's HTTP side are made of.
struct WebCounters {
  std::int64_t connections_open = 0;
  std::int64_t requests = 0;
  std::int64_t requests_refused = 0;
};

/// The body of /metrics. Labels are sources and partitions, and the few machines that `coverage`
/// lists; null: none was looked at yet.
[[nodiscard]] std::string worker_metrics(const WorkerStatus& status, const RecentCoverage* coverage,
                                         const WebCounters& web, const std::string& version,
                                         MetricsFormat format);

}  // namespace meterbill
