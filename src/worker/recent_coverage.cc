#include "worker/recent_coverage.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace meterbill {
namespace {

constexpr std::int64_t kUnderWayUs = std::int64_t{5} * 60 * 1'000'000;
constexpr std::int64_t kSlotsADay = 96;

auto rank(const RecentCoverage::Machine& machine) {
  return std::tuple(-machine.coverage.missing_us, -machine.coverage.estimated_us, machine.machine);
}

bool is_worse(const RecentCoverage::Machine& a, const RecentCoverage::Machine& b) {
  return rank(a) < rank(b);
}

}  // namespace

void RecentCoverage::add(const MachineId& machine, const Coverage& coverage) {
  sum.metered_us += coverage.metered_us;
  sum.estimated_us += coverage.estimated_us;
  sum.off_us += coverage.off_us;
  sum.missing_us += coverage.missing_us;
  ++machines;
  if (coverage.missing_us > 0) ++with_missing;
  if (coverage.estimated_us > 0) ++with_estimated;
  Machine added{machine, coverage};
  const auto at = std::ranges::upper_bound(listed, added, is_worse);
  listed.insert(at, std::move(added));
  if (listed.size() > kListedMax) listed.pop_back();
}

Result<RecentCoverage> look_at_coverage(const Queries& queries, LedgerReader& ledger,
                                        const Clock& clock, const std::stop_token& stop,
                                        std::size_t machines_a_page) {
  const Instant began = clock.now();
  const Slot end = Slot::containing(began.utc).next();
  RecentCoverage found;
  found.looked = began.utc;
  found.slots = {end.plus(-kSlotsADay), end};
  Queries::CoverageRequest request;
  request.period.slots = found.slots;
  request.now = {began.utc.us - kUnderWayUs};
  request.rows_max = 2 * machines_a_page;  // a machine counts as one more than its rows
  request.slots_max = machines_a_page * (kSlotsADay + 1);
  do {
    if (stop.stop_requested()) return fail(Code::kUnavailable, "the worker is stopping");
    MB_TRY(const auto snapshot, ledger.snapshot());
    MB_TRY(const CoveragePage page, queries.coverage(ledger, request));
    for (const MachineCoverage& machine : page.machines) {
      if (!machine.is_known) ++found.without_time;
      for (const CoverageRow& row : machine.rows) found.add(machine.machine, row.coverage);
    }
    request.from = page.next;
  } while (request.from);
  found.took_us = clock.now().monotonic_us - began.monotonic_us;
  return found;
}

}  // namespace meterbill
