#include "report/coverage_report.h"

#include <algorithm>
#include <vector>

#include "domain/statement.h"

namespace meterbill {
namespace {

/// Splits `total` in proportion to the parts.
CoverageParts split_like(const Coverage& coverage, std::int64_t total) {
  const CoverageParts parts = parts_of(coverage);
  const std::vector<Int128> shares = split(total, {parts.begin(), parts.end()});
  CoverageParts result{};
  std::ranges::transform(shares, result.begin(),
                         [](Int128 share) { return static_cast<std::int64_t>(share); });
  return result;
}

}  // namespace

CoverageParts parts_of(const Coverage& coverage) {
  return {coverage.metered_us, coverage.estimated_us, coverage.off_us, coverage.missing_us};
}

CoverageParts shares_of(const Coverage& coverage) { return split_like(coverage, 10'000); }

CoverageHours hours_of(const Coverage& coverage) {
  const auto expected =
      static_cast<std::int64_t>((Int128{coverage.expected_us()} + 18'000'000) / 36'000'000);
  return {expected, split_like(coverage, expected)};
}

std::string hundredths_text(std::int64_t value) { return decimal_text(Int256(value), 2, false); }

std::string hundredths_for_people(std::int64_t value, std::int64_t us) {
  return value == 0 && us > 0 ? "<0.01" : hundredths_text(value);
}

void write_coverage(JsonWriter& json, const Coverage& coverage) {
  json.string("expected_us", to_string(Int128{coverage.expected_us()}));
  const CoverageParts parts = parts_of(coverage);
  const CoverageParts shares = shares_of(coverage);
  for (std::size_t i = 0; i < kCoverageKinds.size(); ++i)
    json.string(std::string(kCoverageKinds.at(i)) + "_us", to_string(Int128{parts.at(i)}));
  for (std::size_t i = 0; i < kCoverageKinds.size(); ++i)
    json.string(std::string(kCoverageKinds.at(i)) + "_percent", hundredths_text(shares.at(i)));
}

}  // namespace meterbill
