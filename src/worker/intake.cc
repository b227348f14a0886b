#include "worker/intake.h"

#include <algorithm>
#include <utility>

namespace meterbill {
namespace {

constexpr std::size_t kAheadMax = 2;

}  // namespace

std::vector<SourceBatch> Intake::take(const std::vector<Feed>& feeds) {
  std::vector<SourceBatch> batches;
  if (is_ahead()) {
    ahead_.front().decoded.get();
    batches = std::move(ahead_.front().batches);
    ahead_.pop_front();
  } else {
    batches = gather(feeds);
    decode_all(batches);
  }
  for (std::size_t i = 0; i < feeds.size(); ++i) {
    batches[i].source = feeds[i].name;
    batches[i].positions = feeds[i].positions;
  }
  return batches;
}

void Intake::read_ahead(const std::vector<Feed>& feeds) {
  while (ahead_.size() < kAheadMax) {
    std::vector<SourceBatch> batches = gather(feeds);
    if (is_empty(batches)) return;
    Ahead& ahead = ahead_.emplace_back();
    ahead.batches = std::move(batches);
    // Deferred, and so decoded by `take`, if no thread can be had.
    ahead.decoded = std::async(std::launch::async | std::launch::deferred,
                               [&batches = ahead.batches] { decode_all(batches); });
  }
}

/// Polls until the sources are empty or the portion is large or old enough.
std::vector<SourceBatch> Intake::gather(const std::vector<Feed>& feeds) const {
  std::vector<SourceBatch> batches;
  for (const Feed& feed : feeds)
    batches.push_back({.route = feed.source->route(), .digests = feed.source});
  const std::int64_t until = clock_.now().monotonic_us + limits_.portion_age_us;
  std::size_t total = 0;
  std::size_t bytes = 0;
  for (bool more = true;
       more && total < limits_.portion_max && bytes < limits_.portion_bytes_max;) {
    more = false;
    for (std::size_t i = 0; i < feeds.size(); ++i) {
      if (feeds[i].name.empty()) continue;
      std::vector<Arrival>& arrivals = batches[i].arrivals;
      const std::size_t before = arrivals.size();
      feeds[i].source->poll(arrivals, limits_.portion_max - total);
      const std::vector<Gap> gaps = feeds[i].source->take_gaps();
      batches[i].gaps.insert(batches[i].gaps.end(), gaps.begin(), gaps.end());
      total += arrivals.size() - before;
      more |= arrivals.size() > before;
      for (std::size_t at = before; at < arrivals.size(); ++at)
        bytes += arrivals[at].delivery.bytes();
      if (total >= limits_.portion_max || bytes >= limits_.portion_bytes_max) break;
    }
    if (clock_.now().monotonic_us >= until) break;
  }
  return batches;
}

std::size_t deliveries_in(const std::vector<SourceBatch>& batches) {
  std::size_t deliveries = 0;
  for (const SourceBatch& batch : batches) deliveries += batch.arrivals.size();
  return deliveries;
}

bool is_empty(const std::vector<SourceBatch>& batches) {
  return std::ranges::all_of(batches, [](const SourceBatch& batch) {
    return batch.arrivals.empty() && batch.gaps.empty();
  });
}

}  // namespace meterbill
