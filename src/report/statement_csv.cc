#include <fmt/format.h>

#include "report/coverage_report.h"
#include "report/csv.h"
#include "report/statement_report.h"

namespace meterbill {
namespace {

/// The cells every row begins with.
CsvRow begin_row(std::string_view kind, const LineKey& key) {
  CsvRow row;
  row.plain(kind).text(key.machine.str()).text(key.scope.str()).text(key.labels);
  row.text(key.meter.str()).plain(to_string(key.segment));
  return row;
}

/// The cells every row ends with: what it belongs to.
std::string end_row(CsvRow& row, const Statement& statement, const TimeZone& zone) {
  row.plain(statement.facts.period.text).plain(statement.facts.zone.name);
  row.plain(local_rfc3339(zone, statement.facts.cut_off.start())).plain("draft");
  return row.finish();
}

std::string line_row(const Statement& statement, const Line& line, const TimeZone& zone) {
  CsvRow row = begin_row("line", line.key);
  row.plain(decimal_text(Int256(line.quantity), statement.quantity_decimals));
  row.plain(line.version.unit.name).plain(to_string(line.version.price));
  row.plain(statement.currency.code()).plain(to_string(line.cost));
  row.plain(to_string(line.amount, statement.currency));
  row.plain(line.version.from ? to_string(*line.version.from) : "always");
  return end_row(row, statement, zone);
}

/// A quantity without a price: cells of money stay empty, they are not zero.
std::string quantity_row(std::string_view kind, const Statement& statement, const LineKey& key,
                         Int128 quantity, int decimals, std::string_view unit,
                         const TimeZone& zone) {
  CsvRow row = begin_row(kind, key);
  row.plain(decimal_text(Int256(quantity), decimals)).plain(unit);
  row.plain("").plain("").plain("").plain("").plain("");
  return end_row(row, statement, zone);
}

/// The seconds of each kind of time, and then their shares in percent. The kind stands where the
/// meter does; a machine of which no time is known has no row.
std::string coverage_rows(const Statement& statement, const MachineStatement& machine,
                          const TimeZone& zone) {
  if (!machine.note.coverage) return "";
  const CoverageParts parts = parts_of(*machine.note.coverage);
  const CoverageParts shares = shares_of(*machine.note.coverage);
  const auto row = [&](std::size_t kind, std::int64_t quantity, int decimals,
                       std::string_view unit) {
    return quantity_row(
        "coverage", statement,
        {machine.machine, machine_scope(), "", MeterName{std::string(kCoverageKinds.at(kind))},
         statement.facts.period.slots.begin},
        quantity, decimals, unit, zone);
  };
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i) text += row(i, parts.at(i), 6, "second");
  for (std::size_t i = 0; i < shares.size(); ++i) text += row(i, shares.at(i), 2, "percent");
  return text;
}

/// Records of no one machine, counted; which ones stands as labels do. The source, which came from
/// outside, stands where the scope does.
std::string gap_row(const Statement& statement, const Gap& gap, const TimeZone& zone) {
  std::string place = fmt::format("partition={},incarnation={},from={},to={}", gap.partition,
                                  gap.incarnation, gap.from, gap.to);
  if (gap.after) place += ",after=" + to_string(*gap.after);
  place += ",detected=" + to_string(gap.detected);
  return quantity_row("gap", statement,
                      {MachineId{}, ScopeName{gap.source}, std::move(place), MeterName{},
                       statement.facts.period.slots.begin},
                      gap.records(), 0, "record", zone);
}

}  // namespace

std::string statement_csv(const Statement& statement, const TimeZone& zone) {
  std::string text = csv_header({"kind", "machine", "scope", "labels", "meter", "segment",
                                 "quantity", "unit", "price", "currency", "cost", "amount",
                                 "price_since", "period", "time_zone", "cut_off", "statement"});
  for (const MachineStatement& machine : statement.machines) {
    for (const Line& line : machine.lines) text += line_row(statement, line, zone);
    for (const UnpricedLine& line : machine.unpriced)
      text += quantity_row("unpriced", statement, line.key, line.quantity,
                           statement.quantity_decimals, line.unit.name, zone);
    const auto kept_out = [&](std::string_view kind, const ScopeName& scope, const auto& meters) {
      for (const auto& [meter, base] : meters)
        text +=
            quantity_row(kind, statement,
                         {machine.machine, scope, "", meter, statement.facts.period.slots.begin},
                         base, 0, meter_kind(meter).base_unit, zone);
    };
    kept_out("not_billed", ScopeName{"parts"}, machine.not_billed.of_parts);
    kept_out("not_billed", machine_scope(), machine.not_billed.of_machine);
    kept_out("held", machine_scope(), machine.note.held);
    kept_out("discarded", machine_scope(), machine.note.discarded);
    text += coverage_rows(statement, machine, zone);
    for (const ClockStep& step : machine.note.clock_steps)
      text += quantity_row("clock_step", statement,
                           {machine.machine, machine_scope(), "", MeterName{}, step.slot},
                           step.covered_us(), 6, "second", zone);
  }
  for (const Gap& gap : statement.facts.gaps) text += gap_row(statement, gap, zone);
  return text;
}

}  // namespace meterbill
