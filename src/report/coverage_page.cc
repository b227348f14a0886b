#include "report/coverage_page.h"

#include "report/coverage_report.h"

namespace meterbill {

std::string_view time_name(std::optional<UsageBy> by) { return by ? to_string(*by) : "period"; }

void begin_coverage(JsonWriter& json, const MachineCoverage& machine) {
  json.begin_object().string("machine", machine.machine.str());
  if (machine.is_known)
    json.begin_array("coverage");
  else
    json.null("coverage");
}

void write_coverage_rows(JsonWriter& json, std::optional<UsageBy> by,
                         const std::vector<CoverageRow>& rows) {
  for (const CoverageRow& row : rows) {
    json.begin_object().string(time_name(by), row.time);
    write_coverage(json, row.coverage);
    json.end_object();
  }
}

void end_coverage(JsonWriter& json, bool is_known) {
  if (is_known) json.end_array();
  json.end_object();
}

std::string coverage_page_json(const CoveragePage& page) {
  JsonWriter json;
  json.begin_object()
      .string("by", time_name(page.by))
      .string("period", page.period)
      .begin_array("machines");
  for (const MachineCoverage& machine : page.machines) {
    begin_coverage(json, machine);
    write_coverage_rows(json, page.by, machine.rows);
    end_coverage(json, machine.is_known);
  }
  json.end_array().string_or_null("next", page.next);
  return json.end_object().take() + "\n";
}

}  // namespace meterbill
