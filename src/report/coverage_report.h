#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "domain/coverage.h"
#include "report/json_writer.h"

namespace meterbill {

/// The kinds of time of a coverage, in the order in which they are shown.
inline constexpr std::array<std::string_view, 4> kCoverageKinds{"metered", "estimated", "off",
                                                                "missing"};
using CoverageParts = std::array<std::int64_t, kCoverageKinds.size()>;

/// µs of each kind.
[[nodiscard]] CoverageParts parts_of(const Coverage& coverage);

/// The share of each kind in hundredths of a percent, by largest remainder: together 10,000, or
/// nothing when no time was expected.
[[nodiscard]] CoverageParts shares_of(const Coverage& coverage);

/// Expected time in hundredths of an hour, rounded, and the part of each kind, by largest
/// remainder.
struct CoverageHours {
  std::int64_t expected = 0;
  CoverageParts parts{};
};
[[nodiscard]] CoverageHours hours_of(const Coverage& coverage);

/// "99.91": a value in hundredths.
[[nodiscard]] std::string hundredths_text(std::int64_t value);
/// The same for people: "<0.01" for what is there but too little to show.
[[nodiscard]] std::string hundredths_for_people(std::int64_t value, std::int64_t us);

/// The members `expected_us`, and `metered_us`, `metered_percent` and so on.
void write_coverage(JsonWriter& json, const Coverage& coverage);

}  // namespace meterbill
