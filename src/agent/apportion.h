#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace meterbill {

/// Splits `amount` in proportion to `weights` by largest remainder (ties: the earlier part), so
/// that the parts add up exactly. With weights that are all zero everything falls to the last part.
/// REQUIRES: amount and weights >= 0, at least one weight.
[[nodiscard]] std::vector<std::int64_t> apportion(std::int64_t amount,
                                                  std::span<const std::int64_t> weights);

}  // namespace meterbill
