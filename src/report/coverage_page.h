#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/coverage.h"
#include "report/usage_page.h"

namespace meterbill {

/// Coverage of a slot, hour or day, or of the whole period.
struct CoverageRow {
  std::string time;  ///< as UsageReportRow::time, or Period::text
  Coverage coverage;
  friend bool operator==(const CoverageRow&, const CoverageRow&) = default;
};

/// Coverage of one machine, or a piece of it.
struct MachineCoverage {
  MachineId machine;
  bool is_known = true;                ///< false: only samples and usage events, which tell no time
  std::vector<CoverageRow> rows = {};  ///< by time; none of times in which nothing was expected
};

/// A piece of the coverage of a fleet: machines in name order, cut between two rows of a machine.
/// The next page may go on with the last machine.
struct CoveragePage {
  std::optional<UsageBy> by = {};  ///< absent: one row a machine, for the whole period
  std::string period = {};         ///< Period::text, never `this-month`
  std::vector<MachineCoverage> machines = {};
  std::optional<UsageCursor> next = {};  ///< absent: this is the last
};

/// The member of a row that says its time: `slot`, `hour`, `day` or `period`.
[[nodiscard]] std::string_view time_name(std::optional<UsageBy> by);

/// Body of /api/v1/coverage.
[[nodiscard]] std::string coverage_page_json(const CoveragePage& page);

// One machine as JSON, in pieces: `{"machine":…,"coverage":[{"day":…,"expected_us":…,…}]}`, the
// list null when it is not known.
void begin_coverage(JsonWriter& json, const MachineCoverage& machine);
void write_coverage_rows(JsonWriter& json, std::optional<UsageBy> by,
                         const std::vector<CoverageRow>& rows);
void end_coverage(JsonWriter& json, bool is_known);

}  // namespace meterbill
