#include "worker/coverage_watch.h"

#include <algorithm>
#include <utility>

namespace meterbill {
namespace {

constexpr std::int64_t kMinuteUs = 60'000'000;
constexpr std::int64_t kShareOfTime = 50;

}  // namespace

CoverageWatch::CoverageWatch(std::function<std::shared_ptr<const Queries>()> queries,
                             LedgerReader& ledger, const Clock& clock,
                             std::function<void(const Error&)> damaged)
    : queries_(std::move(queries)),
      ledger_(ledger),
      clock_(clock),
      damaged_(std::move(damaged)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

std::shared_ptr<const RecentCoverage> CoverageWatch::newest() const {
  return newest_.with([](const auto& newest) { return newest; });
}

void CoverageWatch::stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

std::chrono::microseconds CoverageWatch::pause_after(std::int64_t took_us) {
  return std::chrono::microseconds(std::max(kMinuteUs, kShareOfTime * took_us));
}

void CoverageWatch::run(const std::stop_token& stop) {
  std::chrono::microseconds pause{};
  do {
    const std::shared_ptr<const Queries> queries = queries_();
    const std::int64_t began_us = clock_.now().monotonic_us;
    auto looked = look_at_coverage(*queries, ledger_, clock_, stop);
    if (looked) {
      auto found = std::make_shared<const RecentCoverage>(std::move(looked).value());
      newest_.with([&](auto& newest) { newest = std::move(found); });
    } else if (looked.error().code == Code::kDamaged) {
      damaged_(looked.error());
    }
    pause = pause_after(clock_.now().monotonic_us - began_us);
  } while (waiter_.wait(stop, pause));
}

}  // namespace meterbill
