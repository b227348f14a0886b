#include <optional>

#include "report/clock_step_json.h"
#include "report/coverage_report.h"
#include "report/gap_json.h"
#include "report/json_writer.h"
#include "report/kept_out.h"
#include "report/meanings.h"
#include "report/statement_report.h"

namespace meterbill {
namespace {

std::string quantity_text(Int128 quantity, int decimals) {
  return decimal_text(Int256(quantity), decimals);
}

void write_key(JsonWriter& json, const LineKey& key) {
  json.string("scope", key.scope.str());
  json.string("labels", key.labels);
  json.string("meter", key.meter.str());
  json.string("segment", to_string(key.segment));
}

void write_base(JsonWriter& json, const MeterName& meter, Int128 base) {
  json.string("base_quantity", to_string(base));
  json.string("base_unit", meter_kind(meter).base_unit);
}

void write_line(JsonWriter& json, const Statement& statement, const Line& line) {
  json.begin_object();
  write_key(json, line.key);
  json.string("quantity", quantity_text(line.quantity, statement.quantity_decimals));
  json.string("unit", line.version.unit.name);
  json.string("price", to_string(line.version.price));
  json.string("cost", to_string(line.cost));
  json.string("amount", to_string(line.amount, statement.currency));
  json.string_or_null("price_since", line.version.from);
  write_base(json, line.key.meter, line.base);
  json.end_object();
}

void write_unpriced(JsonWriter& json, const Statement& statement, const UnpricedLine& line) {
  json.begin_object();
  write_key(json, line.key);
  json.string("quantity", quantity_text(line.quantity, statement.quantity_decimals));
  json.string("unit", line.unit.name);
  write_base(json, line.key.meter, line.base);
  json.end_object();
}

void write_coverage(JsonWriter& json, const std::optional<Coverage>& coverage) {
  json.key("coverage");
  if (!coverage) {
    json.null();
    return;
  }
  json.begin_object();
  write_coverage(json, *coverage);
  json.end_object();
}

void write_totals(JsonWriter& json, const Cost& exact_total, const Amount& total,
                  const Currency& currency) {
  json.string("exact_total", to_string(exact_total));
  json.string("total", to_string(total, currency));
  json.string("difference", difference_sentence(exact_total, total, currency));
}

void write_not_billed(JsonWriter& json, const NotBilled& not_billed) {
  json.begin_array("not_billed");
  for (const auto& [scopes, meters] :
       {std::pair{"parts", &not_billed.of_parts}, std::pair{"machine", &not_billed.of_machine}})
    for (const auto& [meter, base] : *meters) {
      json.begin_object().string("meter", meter.str()).string("scopes", scopes);
      write_base(json, meter, base);
      json.end_object();
    }
  json.end_array();
}

void write_machine(JsonWriter& json, const Statement& statement, const MachineStatement& machine) {
  json.begin_object();
  json.string("machine", machine.machine.str());
  json.begin_array("lines");
  for (const Line& line : machine.lines) write_line(json, statement, line);
  json.end_array();
  write_totals(json, machine.exact_total, machine.total, statement.currency);
  write_coverage(json, machine.note.coverage);
  json.begin_array("unpriced");
  for (const UnpricedLine& line : machine.unpriced) write_unpriced(json, statement, line);
  json.end_array();
  write_not_billed(json, machine.not_billed);
  write_kept_out(json, "held", machine.note.held);
  write_kept_out(json, "discarded", machine.note.discarded);
  write_clock_steps(json, machine.note.clock_steps);
  json.end_object();
}

void write_meanings(JsonWriter& json, const Statement& statement) {
  json.begin_object("meanings");
  for (const auto& [meter, meaning] : meanings_of(statement, [](const MeterName&) { return true; }))
    json.string(meter.str(), meaning);
  json.end_object();
}

/// Null is what is not there: UTC needs no data, and an unknown version has no name.
void write_zone_data(JsonWriter& json, const ZoneData& zone) {
  json.string("name", zone.name);
  const auto text_or_null = [&json](std::string_view name, const std::string& text) {
    if (text.empty())
      json.null(name);
    else
      json.string(name, text);
  };
  text_or_null("version", zone.version);
  text_or_null("sha256", zone.digest);
}

}  // namespace

std::string statement_json(const Statement& statement, const TimeZone& zone) {
  const StatementFacts& facts = statement.facts;
  JsonWriter json;
  json.begin_object();
  json.string("statement", "draft");
  json.begin_object("period");
  json.string("text", facts.period.text);
  json.string("begin", local_rfc3339(zone, facts.period.slots.begin.start()));
  json.string("end", local_rfc3339(zone, facts.period.slots.end.start()));
  json.string("time_zone", facts.zone.name);
  json.end_object();
  json.string("cut_off", local_rfc3339(zone, facts.cut_off.start()));
  json.string("currency", statement.currency.code());
  json.begin_array("machines");
  for (const MachineStatement& machine : statement.machines)
    write_machine(json, statement, machine);
  json.end_array();
  write_totals(json, statement.exact_total, statement.total, statement.currency);
  write_meanings(json, statement);
  json.begin_object("prices");
  json.string("source", facts.prices_source);
  json.string("sha256", facts.prices_digest);
  json.end_object();
  json.begin_object("time_zone_data");
  write_zone_data(json, facts.zone);
  json.end_object();
  json.begin_array("gaps");
  for (const Gap& gap : facts.gaps) write_gap(json, gap);
  json.end_array();
  json.begin_array("warnings");
  for (const std::string& warning : facts.warnings) json.string(warning);
  json.end_array();
  json.end_object();
  return json.take() + "\n";
}

}  // namespace meterbill
