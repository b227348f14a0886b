#include "report/usage_page.h"

#include "domain/unit.h"
#include "report/clock_step_json.h"

namespace meterbill {

std::string to_string(const UsageCursor& cursor) {
  return cursor.machine.str() + "/" + to_string(cursor.slot);
}

std::optional<UsageCursor> parse_usage_cursor(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos || !is_machine_id(text.substr(0, slash))) return std::nullopt;
  const auto slot = Slot::parse(text.substr(slash + 1));
  if (!slot) return std::nullopt;
  return UsageCursor{MachineId{std::string(text.substr(0, slash))}, slot.value()};
}

void begin_machine(JsonWriter& json, const MachineId& machine) {
  json.begin_object().string("machine", machine.str()).begin_array("rows");
}

void write_rows(JsonWriter& json, UsageBy by, const std::vector<UsageReportRow>& rows) {
  for (const UsageReportRow& row : rows)
    json.begin_object()
        .string("scope", row.scope.str())
        .string("labels", row.labels)
        .string(to_string(by), row.time)
        .string("meter", row.meter.str())
        .string("quantity", to_string(row.quantity))
        .string("unit", meter_kind(row.meter).base_unit)
        .end_object();
}

void end_machine(JsonWriter& json, const std::vector<ClockStep>& steps) {
  json.end_array();
  write_clock_steps(json, steps);
  json.end_object();
}

std::string usage_page_json(const UsagePage& page) {
  const auto width = [](std::size_t columns) { return static_cast<std::int64_t>(columns); };
  JsonWriter json;
  json.begin_object()
      .string("by", to_string(page.by))
      .string("period", page.period)
      .begin_object("widths")
      .integer("scope", width(page.widths.scope))
      .integer("labels", width(page.widths.labels))
      .integer("meter", width(page.widths.meter))
      .end_object()
      .begin_array("machines");
  for (const MachineUsage& usage : page.machines) {
    begin_machine(json, usage.machine);
    write_rows(json, page.by, usage.rows);
    end_machine(json, usage.clock_steps);
  }
  json.end_array().string_or_null("next", page.next);
  return json.end_object().take() + "\n";
}

}  // namespace meterbill
