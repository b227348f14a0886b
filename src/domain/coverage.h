#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "domain/reading.h"
#include "domain/slot.h"

namespace meterbill {

/// When a machine should have been metered.
struct Expectation {
  Slot first;                ///< the machine's first slot ever; in it only what is covered is due
  Slot cut_off;              ///< nothing is due from here on
  std::optional<Slot> open;  ///< the slot in progress: only what is covered is due
  std::optional<UtcTime> retired;  ///< nothing is due after it
};

/// The coverage of a machine over a period, µs.
struct Coverage {
  std::int64_t metered_us = 0;
  std::int64_t estimated_us = 0;
  std::int64_t off_us = 0;
  std::int64_t missing_us = 0;
  [[nodiscard]] std::int64_t expected_us() const {
    return metered_us + estimated_us + off_us + missing_us;
  }
  friend bool operator==(const Coverage&, const Coverage&) = default;
};

/// Adds slots up to a period's coverage. Missing is what was due less what is covered; slots never
/// added are missing wholly, so they need not be walked.
class CoverageSum {
 public:
  CoverageSum(SlotRange period, const Expectation& expectation);

  /// Each slot once; one outside of the period does not count.
  void add(Slot slot, const Cover& cover);

  /// Or all slots of the period in one sum, and then, by themselves, those of `not_due`.
  void add_all(const Cover& sum);
  void set_apart(const Cover& cover);
  /// The slots of the period in which only what is covered is due.
  [[nodiscard]] std::array<SlotRange, 2> not_due() const;

  [[nodiscard]] Coverage finish() const;

 private:
  SlotRange period_;
  SlotRange due_;  ///< slots due wholly
  Coverage sum_;
  std::int64_t covered_due_us_ = 0;
};

}  // namespace meterbill
