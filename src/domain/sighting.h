#pragma once

#include <string>

#include "base/clock.h"

namespace meterbill {

/// When something was last heard of, and the newest percentages it told. Merges as readings do:
/// in any order and however often, the result is the same.
struct Sighting {
  UtcTime at;                        ///< record time of the newest message; 0: never
  UtcTime percent_at;                ///< the same of the newest with percentages; 0: none
  std::string cpu_usage_percent;     ///< decimal text, for display; empty: none
  std::string memory_usage_percent;  ///< likewise

  void merge(const Sighting& other);
  friend bool operator==(const Sighting&, const Sighting&) = default;
};

/// Of one message; both percentages may be empty.
[[nodiscard]] Sighting seen_at(UtcTime recorded, std::string cpu_usage_percent,
                               std::string memory_usage_percent);

}  // namespace meterbill
