#include "cli/usage_page_reader.h"

#include <boost/json.hpp>

#include "cli/json_members.h"
#include "cli/page_members.h"

namespace meterbill {
namespace {

namespace json = boost::json;

/// Columns of a terminal: what another program says must not make us fill memory with blanks.
Result<std::size_t> width(const json::value& widths, std::string_view name) {
  constexpr std::int64_t kWidthMax = 10'000;
  MB_TRY(const json::value* found, required(widths, name));
  const std::int64_t* value = found->if_int64();
  if (value == nullptr || *value < 0 || *value > kWidthMax) return unexpected_member(name);
  return static_cast<std::size_t>(*value);
}

Result<UsageReportRow> row_of(const json::value& row, UsageBy by) {
  UsageReportRow usage;
  MB_TRY(std::string scope, required_text(row, "scope"));
  usage.scope = ScopeName{std::move(scope)};
  MB_TRY(usage.labels, required_text(row, "labels"));
  MB_TRY(usage.time, time_member(row, to_string(by)));
  MB_TRY(std::string meter, required_text(row, "meter"));
  usage.meter = MeterName{std::move(meter)};
  MB_TRY(const std::string quantity, required_text(row, "quantity"));
  const auto base = parse_decimal(quantity, 0);
  if (!base) return unexpected_member("quantity");
  usage.quantity = base.value();
  return usage;
}

Result<ClockStep> step_of(const json::value& object) {
  MB_TRY(const Slot slot, required_slot(object, "slot"));
  ClockStep step{.slot = slot};
  MB_TRY(const std::string metered, required_text(object, "metered_us"));
  MB_TRY(const std::string estimated, required_text(object, "estimated_us"));
  MB_TRY(step.metered_us, parse_count(metered));
  MB_TRY(step.estimated_us, parse_count(estimated));
  return step;
}

Result<MachineUsage> machine_of(const json::value& object, UsageBy by) {
  MachineUsage usage;
  MB_TRY(std::string name, required_text(object, "machine"));
  usage.machine = MachineId{std::move(name)};
  MB_TRY(const json::array* rows, required_array(object, "rows"));
  for (const json::value& row : *rows) {
    MB_TRY(UsageReportRow read, row_of(row, by));
    usage.rows.push_back(std::move(read));
  }
  MB_TRY(const json::array* steps, required_array(object, "clock_steps"));
  for (const json::value& step : *steps) {
    MB_TRY(const ClockStep read, step_of(step));
    usage.clock_steps.push_back(read);
  }
  return usage;
}

Result<UsageWidths> widths_of(const json::value& page) {
  MB_TRY(const json::value* widths, required(page, "widths"));
  UsageWidths read;
  MB_TRY(read.scope, width(*widths, "scope"));
  MB_TRY(read.labels, width(*widths, "labels"));
  MB_TRY(read.meter, width(*widths, "meter"));
  return read;
}

}  // namespace

Result<std::string> time_member(const json::value& row, std::string_view name) {
  MB_TRY(std::string time, required_text(row, name));
  if (time.empty() || time.find_first_not_of("0123456789-T:+Z.") != std::string::npos)
    return unexpected_member(name);
  return time;
}

Result<std::optional<UsageCursor>> next_member(const json::value& page) {
  MB_TRY(const json::value* next, required(page, "next"));
  if (next->is_null()) return std::optional<UsageCursor>();
  MB_TRY(const std::string written, required_text(page, "next"));
  auto cursor = parse_usage_cursor(written);
  if (!cursor) return unexpected_member("next");
  return cursor;
}

Result<UsagePage> read_usage_page(const std::string& body) {
  MB_TRY(const json::value value, parse_answer(body));
  UsagePage page;
  MB_TRY(const std::string by_text, required_text(value, "by"));
  const auto by = parse_usage_by(by_text);
  if (!by) return unexpected_member("by");
  page.by = *by;
  MB_TRY(page.period, required_text(value, "period"));
  MB_TRY(page.widths, widths_of(value));
  MB_TRY(const json::array* machines, required_array(value, "machines"));
  for (const json::value& machine : *machines) {
    MB_TRY(MachineUsage read, machine_of(machine, page.by));
    page.machines.push_back(std::move(read));
  }
  MB_TRY(page.next, next_member(value));
  return page;
}

}  // namespace meterbill
