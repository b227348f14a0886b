#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "ports/web_router.h"
#include "report/metrics_text.h"
#include "worker/backup.h"
#include "worker/events_endpoint.h"
#include "worker/queries.h"
#include "worker/recent_coverage.h"
#include "worker/worker.h"

namespace meterbill {

/// What answers to questions about a ledger are made of. What is borrowed outlives the API.
struct LedgerApiParts {
  const Queries& queries;
  const Clock& clock;
  std::string version;  ///< "0.1.0"
  Sha256Hex sha256_hex;
  /// Has `answer` run with a read-only connection, at once or on another thread, and responds.
  std::function<void(std::function<WebResponse(LedgerReader&)> answer, Respond respond)> ask;
  /// Of the worker whose ledger it is.
  std::function<Result<WorkerStatus>(LedgerReader&)> status;
  std::function<std::vector<std::string>()> warnings;  ///< about prices, for statements and status
  /// kSlots when the totals do not stand under the segments of the queries' book.
  LinesFrom lines = LinesFrom::kTotals;
  /// Of the queries' book. While the ledger's totals stand under another one, which is so for a
  /// moment when prices change, nothing is answered (503). Empty: not looked at.
  std::string segments_digest = {};
  std::optional<UtcTime> started = {};  ///< of a running worker
  /// The newest look of a running worker, null before it. Empty: nobody looks.
  std::function<std::shared_ptr<const RecentCoverage>()> coverage = {};
  /// Told of what cannot be believed any more (kDamaged). Empty: nobody writes the ledger.
  std::function<void(const Error&)> damaged = {};
};

/// The routes below /api/v1 that read the ledger. A running worker and the ledger of a stopped one
/// (StoppedWorker) answer through the same.
[[nodiscard]] std::vector<WebRoute> ledger_routes(const LedgerApiParts& parts);

/// What the worker's API is made of. Borrowed; outlives the API.
struct WorkerApiParts {
  Worker& worker;
  Backup& backup;
  LedgerApiParts ledger;
  EventsEndpoint& events;
  std::string version_json;                           ///< body of /version
  std::function<std::string(MetricsFormat)> metrics;  ///< body of /metrics
};

/// The routes of the worker (design §10). Reading asks the ledger on threads for it; changes go
/// through the control channel and wait for the apply thread there, but for backups, which are
/// begun and asked about.
[[nodiscard]] std::vector<WebRoute> worker_routes(const WorkerApiParts& parts);

}  // namespace meterbill
