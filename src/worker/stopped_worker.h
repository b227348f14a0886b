#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "config/load_prices.h"
#include "ports/ledger_store.h"
#include "ports/web_router.h"
#include "worker/queries.h"
#include "worker/worker.h"

namespace meterbill {

/// Answers what a worker would answer, from its ledger while it is stopped: the same routes, so the
/// same bytes; only `status` says that nothing runs. One thread at a time.
class StoppedWorker {
 public:
  /// `clock` outlives the object; `version` is this program's.
  [[nodiscard]] static Result<std::unique_ptr<StoppedWorker>> open(
      std::unique_ptr<LedgerReader> ledger, LoadedPrices prices, const Sha256Hex& sha256_hex,
      const Clock& clock, std::string version);

  [[nodiscard]] WebResponse answer(WebRequest request);

 private:
  StoppedWorker(std::unique_ptr<LedgerReader> ledger, LoadedPrices prices);

  std::unique_ptr<LedgerReader> ledger_;
  LoadedPrices prices_;
  Queries queries_;
  std::unique_ptr<Router> router_;
};

/// What the ledger knows of its worker.
[[nodiscard]] Result<WorkerStatus> stopped_status(LedgerReader& ledger);

}  // namespace meterbill
