#include "agent/apportion.h"

#include <algorithm>
#include <numeric>

#include "base/assert.h"
#include "base/checked.h"

namespace meterbill {

std::vector<std::int64_t> apportion(std::int64_t amount, std::span<const std::int64_t> weights) {
  MB_ASSERT(amount >= 0 && !weights.empty());
  std::vector<std::int64_t> parts(weights.size(), 0);
  Int128 total = 0;
  for (const std::int64_t weight : weights) {
    MB_ASSERT(weight >= 0);
    total += weight;
  }
  if (total == 0) {
    parts.back() = amount;
    return parts;
  }
  std::vector<Int128> rests(weights.size(), 0);
  std::int64_t left = amount;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const Int128 share = Int128{amount} * weights[i];  // below 2^126
    parts[i] = static_cast<std::int64_t>(share / total);
    rests[i] = share % total;
    left -= parts[i];
  }
  std::vector<std::size_t> order(weights.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order,
                           [&](std::size_t a, std::size_t b) { return rests[a] > rests[b]; });
  // Fewer than one unit a part is left over, so each part gets at most one.
  for (std::size_t i = 0; left > 0; ++i, --left) ++parts[order[i]];
  return parts;
}

}  // namespace meterbill
