#include "worker/stopped_worker.h"

#include <utility>

#include "worker/price_use.h"
#include "worker/worker_api.h"

namespace meterbill {

StoppedWorker::StoppedWorker(std::unique_ptr<LedgerReader> ledger, LoadedPrices prices)
    : ledger_(std::move(ledger)),
      prices_(std::move(prices)),
      queries_(prices_.book, {prices_.name, prices_.digest}) {}

Result<std::unique_ptr<StoppedWorker>> StoppedWorker::open(std::unique_ptr<LedgerReader> ledger,
                                                           LoadedPrices prices,
                                                           const Sha256Hex& sha256_hex,
                                                           const Clock& clock,
                                                           std::string version) {
  MB_TRY(const LedgerFacts facts, ledger->facts());
  MB_TRY(const auto used, ledger->price_versions());
  std::unique_ptr<StoppedWorker> worker(new StoppedWorker(std::move(ledger), std::move(prices)));
  const PriceBook& book = worker->prices_.book;
  const bool has_our_segments = facts.segments_digest == sha256_hex(book.segments_text());
  worker->router_ = std::make_unique<Router>(ledger_routes(
      {.queries = worker->queries_,
       .clock = clock,
       .version = std::move(version),
       .sha256_hex = sha256_hex,
       .ask = [reader = worker->ledger_.get()](
                  const auto& answer, const Respond& respond) { respond(answer(*reader)); },
       .status = stopped_status,
       .warnings = [warnings = price_warnings(book, used, sha256_hex)] { return warnings; },
       .lines = has_our_segments ? LinesFrom::kTotals : LinesFrom::kSlots}));
  return worker;
}

WebResponse StoppedWorker::answer(WebRequest request) {
  WebResponse answer;
  router_->handle(std::move(request),
                  [&answer](WebResponse response) { answer = std::move(response); });
  return answer;
}

Result<WorkerStatus> stopped_status(LedgerReader& ledger) {
  MB_TRY(const LedgerFacts facts, ledger.facts());
  MB_TRY(const auto counts, ledger.counts());
  MB_TRY(const auto machines, ledger.machines());
  WorkerStatus status;
  status.reason = "the worker is stopped; this is what its ledger holds";
  status.commits = facts.commits;
  status.machines = static_cast<std::int64_t>(machines.size());
  for (const auto& [name, of_source] : counts)
    status.sources.push_back(
        {name.substr(0, name.find(':')), name, {false, "stopped", {}}, of_source});
  return status;
}

}  // namespace meterbill
