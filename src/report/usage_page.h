#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "report/json_writer.h"
#include "report/usage_report.h"

namespace meterbill {

/// Where the next page begins.
struct UsageCursor {
  MachineId machine;
  Slot slot;
  friend bool operator==(const UsageCursor&, const UsageCursor&) = default;
};
[[nodiscard]] std::string to_string(const UsageCursor& cursor);  ///< `web-1/2026-11-22T10:15:00Z`
[[nodiscard]] std::optional<UsageCursor> parse_usage_cursor(std::string_view text);

/// How many columns of a terminal the widest name takes, of all that may come: known before the
/// first row, so that a table can be printed page by page.
struct UsageWidths {
  std::size_t scope = 0;
  std::size_t labels = 0;
  std::size_t meter = 0;
};

/// A piece of the usage of a fleet: machines in name order, cut between two slots, hours or days of
/// a machine. The next page may go on with the last machine.
struct UsagePage {
  UsageBy by = UsageBy::kDay;
  std::string period = {};  ///< Period::text, never `this-month`: the next page is of the same one
  UsageWidths widths = {};
  std::vector<MachineUsage> machines = {};  ///< none without rows and clock steps
  std::optional<UsageCursor> next = {};     ///< absent: this is the last
};

/// Body of /api/v1/usage.
[[nodiscard]] std::string usage_page_json(const UsagePage& page);

// One machine as JSON, in pieces: `{"machine":…,"rows":[…],"clock_steps":[…]}`.
void begin_machine(JsonWriter& json, const MachineId& machine);
void write_rows(JsonWriter& json, UsageBy by, const std::vector<UsageReportRow>& rows);
void end_machine(JsonWriter& json, const std::vector<ClockStep>& steps);

}  // namespace meterbill
