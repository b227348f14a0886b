#pragma once

#include <cstdint>

#include "base/assert.h"

namespace meterbill::sim {

/// The one source of chance of a run: SplitMix64 (Steele, Lea, Flood 2014), so that a seed means
/// the same on every platform and library. Not <random>: its distributions differ between standard
/// libraries.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
  }
  /// 0 … bound−1. REQUIRES: bound > 0.
  std::int64_t below(std::int64_t bound) {
    MB_ASSERT(bound > 0);
    return static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(bound));
  }
  /// low … high, both included.
  std::int64_t between(std::int64_t low, std::int64_t high) { return low + below(high - low + 1); }
  bool chance(std::int64_t percent) { return below(100) < percent; }
  /// For what is rare.
  bool one_in(std::int64_t count) { return below(count) == 0; }

 private:
  std::uint64_t state_;
};

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kHour = 60 * kMinute;

}  // namespace meterbill::sim
