#pragma once

#include <cstdint>
#include <deque>

namespace meterbill {

/// How many items a second came lately, for status. Not from two totals of the last round: rounds
/// follow each other within milliseconds under load and a second apart without.
class ItemRate {
 public:
  /// So many were read in all, by then. To be told at least every few seconds; time must not fall.
  void see(std::int64_t total, std::int64_t monotonic_us);

  /// Items a second over the last ten to eleven seconds, or less, rounded down; 0 before a second
  /// has passed.
  [[nodiscard]] std::int64_t per_second() const;

 private:
  struct Seen {
    std::int64_t total = 0;
    std::int64_t monotonic_us = 0;
  };
  std::deque<Seen> seen_;  ///< a second apart but for the newest, at most what ten seconds need
  Seen newest_;
};

}  // namespace meterbill
