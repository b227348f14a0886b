#include "cli/coverage_page_reader.h"

#include <boost/json.hpp>
#include <utility>

#include "cli/json_members.h"
#include "cli/page_members.h"
#include "cli/usage_page_reader.h"

namespace meterbill {
namespace {

namespace json = boost::json;

Result<CoverageRow> row_of(const json::value& object, std::optional<UsageBy> by) {
  CoverageRow row;
  MB_TRY(row.time, time_member(object, time_name(by)));
  MB_TRY(row.coverage.metered_us, required_count(object, "metered_us"));
  MB_TRY(row.coverage.estimated_us, required_count(object, "estimated_us"));
  MB_TRY(row.coverage.off_us, required_count(object, "off_us"));
  MB_TRY(row.coverage.missing_us, required_count(object, "missing_us"));
  return row;
}

Result<MachineCoverage> machine_of(const json::value& object, std::optional<UsageBy> by) {
  MachineCoverage machine;
  MB_TRY(std::string name, required_text(object, "machine"));
  machine.machine = MachineId{std::move(name)};
  MB_TRY(const json::value* found, required(object, "coverage"));
  machine.is_known = !found->is_null();
  if (!machine.is_known) return machine;
  MB_TRY(const json::array* rows, required_array(object, "coverage"));
  for (const json::value& row : *rows) {
    MB_TRY(CoverageRow read, row_of(row, by));
    machine.rows.push_back(std::move(read));
  }
  return machine;
}

}  // namespace

Result<CoveragePage> read_coverage_page(const std::string& body) {
  MB_TRY(const json::value value, parse_answer(body));
  CoveragePage page;
  MB_TRY(const std::string by, required_text(value, "by"));
  if (by != time_name(std::nullopt)) {
    page.by = parse_usage_by(by);
    if (!page.by) return unexpected_member("by");
  }
  MB_TRY(page.period, required_text(value, "period"));
  MB_TRY(const json::array* machines, required_array(value, "machines"));
  for (const json::value& machine : *machines) {
    MB_TRY(MachineCoverage read, machine_of(machine, page.by));
    page.machines.push_back(std::move(read));
  }
  MB_TRY(page.next, next_member(value));
  return page;
}

}  // namespace meterbill
