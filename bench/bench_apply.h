#pragma once

#include <cstdint>
#include <string>

#include "bench_messages.h"

namespace meterbill::bench {

/// `count` messages through the worker's own phases into a new ledger in `folder`, `batch` in one
/// commit, without a broker: how long each phase took goes to standard output. The failure, or
/// nothing.
[[nodiscard]] std::string apply(const std::string& folder, const Shape& shape, std::int64_t count,
                                std::int64_t batch, std::int64_t start_s);

}  // namespace meterbill::bench
