#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "ports/query_pool.h"
#include "ports/web_router.h"
#include "worker/events_endpoint.h"
#include "worker/price_use.h"
#include "worker/queries.h"
#include "worker/worker.h"

namespace meterbill {

/// What the worker's API is made of. Borrowed; outlives the API.
struct WorkerApiParts {
  Worker& worker;
  const Queries& queries;
  const PriceUse& price_use;
  EventsEndpoint& events;
  QueryPool& pool;
  /// One read-only connection a thread of the pool.
  const std::vector<std::unique_ptr<LedgerReader>>& readers;
  const Clock& clock;
  std::string version_json;                  ///< body of /version
  std::string version;                       ///< "0.1.0"
  std::function<std::string(bool)> metrics;  ///< body of /metrics; true: OpenMetrics
};

/// The routes of the worker (design §10). Reading asks the ledger on the pool's threads; changes go
/// through the control channel and wait for the apply thread there.
[[nodiscard]] std::vector<WebRoute> worker_routes(const WorkerApiParts& parts);

/// The apply loop has made progress lately.
[[nodiscard]] bool is_alive(const WorkerStatus& status, const Clock& clock);

}  // namespace meterbill
