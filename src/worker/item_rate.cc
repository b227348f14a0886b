#include "worker/item_rate.h"

namespace meterbill {
namespace {

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kWindow = 10 * kSecond;

}  // namespace

void ItemRate::see(std::int64_t total, std::int64_t monotonic_us) {
  newest_ = {total, monotonic_us};
  if (seen_.empty() || monotonic_us - seen_.back().monotonic_us >= kSecond)
    seen_.push_back(newest_);
  while (seen_.size() > 1 && monotonic_us - seen_[1].monotonic_us >= kWindow) seen_.pop_front();
}

std::int64_t ItemRate::per_second() const {
  if (seen_.empty()) return 0;
  const std::int64_t passed = newest_.monotonic_us - seen_.front().monotonic_us;
  if (passed < kSecond) return 0;
  return (newest_.total - seen_.front().total) * kSecond / passed;
}

}  // namespace meterbill
