#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <thread>

#include "base/guarded.h"
#include "base/waiter.h"
#include "worker/recent_coverage.h"

namespace meterbill {

/// Looks at the recent coverage again and again, on a thread and a read-only connection of its own:
/// a status or a scrape takes what was seen last, and no look takes a thread from those who ask.
class CoverageWatch {
 public:
  /// All outlives the object. Each look is by what `queries` gives then. `damaged` is told of what
  /// cannot be believed any more (kDamaged); after another failure what was seen before stays, and
  /// the next look is as usual.
  CoverageWatch(std::function<std::shared_ptr<const Queries>()> queries, LedgerReader& ledger,
                const Clock& clock, std::function<void(const Error&)> damaged);
  CoverageWatch(const CoverageWatch&) = delete;
  CoverageWatch& operator=(const CoverageWatch&) = delete;
  ~CoverageWatch() { stop(); }

  /// From any thread; null until the first look is done.
  [[nodiscard]] std::shared_ptr<const RecentCoverage> newest() const;
  /// Ends with the page that is being read. Idempotent.
  void stop();

  /// How long it waits after a look that took so long: a minute, and for long looks so that no more
  /// than a fiftieth of the time is spent looking.
  [[nodiscard]] static std::chrono::microseconds pause_after(std::int64_t took_us);

 private:
  void run(const std::stop_token& stop);

  std::function<std::shared_ptr<const Queries>()> queries_;
  LedgerReader& ledger_;
  const Clock& clock_;
  std::function<void(const Error&)> damaged_;
  Guarded<std::shared_ptr<const RecentCoverage>> newest_;
  Waiter waiter_;
  std::jthread thread_;  ///< the last member: ends before the others go
};

}  // namespace meterbill
