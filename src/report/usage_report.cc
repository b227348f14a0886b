#include "report/usage_report.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/assert.h"
#include "domain/unit.h"
#include "report/csv.h"
#include "report/json_writer.h"
#include "report/text_table.h"

namespace meterbill {
namespace {

constexpr std::array kBy{std::pair{UsageBy::kSlot, "slot"}, std::pair{UsageBy::kHour, "hour"},
                         std::pair{UsageBy::kDay, "day"}};

}  // namespace

std::string_view to_string(UsageBy by) {
  const auto* const found =
      std::ranges::find(kBy, by, [](const auto& entry) { return entry.first; });
  MB_ASSERT(found != kBy.end());
  return found->second;
}

std::optional<UsageBy> parse_usage_by(std::string_view text) {
  for (const auto& [by, name] : kBy)
    if (name == text) return by;
  return std::nullopt;
}

UtcTime UsageTable::bucket(Slot slot) const {
  if (by_ == UsageBy::kSlot) return slot.start();
  const LocalTime at = zone_.local(slot.start());
  if (by_ == UsageBy::kDay) return zone_.start_of(at.date);
  return {slot.start().us - (at.minute * 60 + at.second) * std::int64_t{1'000'000}};
}

std::string UsageTable::time_text(UtcTime start) const {
  if (by_ == UsageBy::kSlot) return to_string(start);
  if (by_ == UsageBy::kDay) return to_string(zone_.local(start).date);
  return local_rfc3339(zone_, start);
}

Result<void> UsageTable::add(const MachineId& machine, const ScopeName& scope,
                             const std::string& labels, Slot slot, const MeterName& meter,
                             Int128 base) {
  Int128& sum = sums_[Key{machine, scope, labels, bucket(slot), meter}];
  MB_TRY(sum, in(machine.str(), meterbill::add(sum, base)));
  return ok();
}

std::vector<UsageReportRow> UsageTable::rows() const {
  std::vector<UsageReportRow> rows;
  rows.reserve(sums_.size());
  for (const auto& [key, sum] : sums_)
    rows.push_back({std::get<0>(key), std::get<1>(key), std::get<2>(key),
                    time_text(std::get<3>(key)), std::get<4>(key), sum});
  return rows;
}

std::string usage_csv_header(UsageBy by) {
  return csv_header({"machine", "scope", "labels", to_string(by), "meter", "quantity", "unit"});
}

std::string usage_csv(const std::vector<UsageReportRow>& rows) {
  std::string text;
  CsvRow row;
  for (const UsageReportRow& usage : rows) {
    row.text(usage.machine.str()).text(usage.scope.str()).text(usage.labels);
    row.plain(usage.time).text(usage.meter.str()).plain(to_string(usage.quantity));
    row.plain(meter_kind(usage.meter).base_unit);
    text += row.finish();
  }
  return text;
}

std::string usage_json(const std::vector<UsageReportRow>& rows, UsageBy by) {
  JsonWriter json;
  json.begin_array();
  for (const UsageReportRow& usage : rows) {
    json.begin_object();
    json.string("machine", usage.machine.str());
    json.string("scope", usage.scope.str());
    json.string("labels", usage.labels);
    json.string(to_string(by), usage.time);
    json.string("meter", usage.meter.str());
    json.string("quantity", to_string(usage.quantity));
    json.string("unit", meter_kind(usage.meter).base_unit);
    json.end_object();
  }
  return json.end_array().take() + "\n";
}

std::string usage_text(const std::vector<UsageReportRow>& rows, UsageBy by) {
  TextTable table{{{"machine", Align::kLeft},
                   {"scope", Align::kLeft},
                   {"labels", Align::kLeft},
                   {std::string(to_string(by)), Align::kLeft},
                   {"meter", Align::kLeft},
                   {"quantity", Align::kRight},
                   {"unit", Align::kLeft}}};
  for (const UsageReportRow& usage : rows)
    table.row({usage.machine.str(), usage.scope.str(), usage.labels, usage.time, usage.meter.str(),
               to_string(usage.quantity), std::string(meter_kind(usage.meter).base_unit)});
  return table.text();
}

}  // namespace meterbill
