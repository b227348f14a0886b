#include "cli/usage_page_reader.h"

#include <fmt/format.h>

#include <boost/json.hpp>

namespace meterbill {
namespace {

namespace json = boost::json;

Error unexpected(std::string_view member) {
  return fail(Code::kUnavailable,
              fmt::format("the answer is no page of usage ('{}' is missing or of another kind): is "
                          "it a worker of this version?",
                          member));
}

Result<const json::value*> member(const json::value& object, std::string_view name) {
  const json::object* members = object.if_object();
  const json::value* found = members == nullptr ? nullptr : members->if_contains(name);
  if (found == nullptr) return unexpected(name);
  return found;
}

Result<std::string> text(const json::value& object, std::string_view name) {
  MB_TRY(const json::value* found, member(object, name));
  const json::string* value = found->if_string();
  if (value == nullptr) return unexpected(name);
  return std::string(*value);
}

Result<const json::array*> array(const json::value& object, std::string_view name) {
  MB_TRY(const json::value* found, member(object, name));
  const json::array* value = found->if_array();
  if (value == nullptr) return unexpected(name);
  return value;
}

/// Columns of a terminal: what another program says must not make us fill memory with blanks.
Result<std::size_t> width(const json::value& widths, std::string_view name) {
  constexpr std::int64_t kWidthMax = 10'000;
  MB_TRY(const json::value* found, member(widths, name));
  const std::int64_t* value = found->if_int64();
  if (value == nullptr || *value < 0 || *value > kWidthMax) return unexpected(name);
  return static_cast<std::size_t>(*value);
}

/// A slot, hour or day; CSV has it without quotes.
Result<std::string> time_text(const json::value& row, std::string_view name) {
  MB_TRY(std::string time, text(row, name));
  if (time.empty() || time.find_first_not_of("0123456789-T:+Z") != std::string::npos)
    return unexpected(name);
  return time;
}

Result<UsageReportRow> row_of(const json::value& row, UsageBy by) {
  UsageReportRow usage;
  MB_TRY(std::string scope, text(row, "scope"));
  usage.scope = ScopeName{std::move(scope)};
  MB_TRY(usage.labels, text(row, "labels"));
  MB_TRY(usage.time, time_text(row, to_string(by)));
  MB_TRY(std::string meter, text(row, "meter"));
  usage.meter = MeterName{std::move(meter)};
  MB_TRY(const std::string quantity, text(row, "quantity"));
  const auto base = parse_decimal(quantity, 0);
  if (!base) return unexpected("quantity");
  usage.quantity = base.value();
  return usage;
}

Result<ClockStep> step_of(const json::value& object) {
  MB_TRY(const std::string slot_text, text(object, "slot"));
  const auto slot = Slot::parse(slot_text);
  if (!slot) return unexpected("slot");
  ClockStep step{.slot = slot.value()};
  MB_TRY(const std::string metered, text(object, "metered_us"));
  MB_TRY(const std::string estimated, text(object, "estimated_us"));
  MB_TRY(step.metered_us, parse_count(metered));
  MB_TRY(step.estimated_us, parse_count(estimated));
  return step;
}

Result<MachineUsage> machine_of(const json::value& object, UsageBy by) {
  MachineUsage usage;
  MB_TRY(std::string name, text(object, "machine"));
  usage.machine = MachineId{std::move(name)};
  MB_TRY(const json::array* rows, array(object, "rows"));
  for (const json::value& row : *rows) {
    MB_TRY(UsageReportRow read, row_of(row, by));
    usage.rows.push_back(std::move(read));
  }
  MB_TRY(const json::array* steps, array(object, "clock_steps"));
  for (const json::value& step : *steps) {
    MB_TRY(const ClockStep read, step_of(step));
    usage.clock_steps.push_back(read);
  }
  return usage;
}

Result<UsageWidths> widths_of(const json::value& page) {
  MB_TRY(const json::value* widths, member(page, "widths"));
  UsageWidths read;
  MB_TRY(read.scope, width(*widths, "scope"));
  MB_TRY(read.labels, width(*widths, "labels"));
  MB_TRY(read.meter, width(*widths, "meter"));
  return read;
}

Result<std::optional<UsageCursor>> next_of(const json::value& page) {
  MB_TRY(const json::value* next, member(page, "next"));
  if (next->is_null()) return std::optional<UsageCursor>();
  MB_TRY(const std::string written, text(page, "next"));
  auto cursor = parse_usage_cursor(written);
  if (!cursor) return unexpected("next");
  return cursor;
}

}  // namespace

Result<UsagePage> read_usage_page(const std::string& body) {
  boost::system::error_code error;
  const json::value value = json::parse(body, error);
  if (error)
    return fail(Code::kUnavailable, "the service did not answer in JSON: is it MeterBill?");
  UsagePage page;
  MB_TRY(const std::string by_text, text(value, "by"));
  const auto by = parse_usage_by(by_text);
  if (!by) return unexpected("by");
  page.by = *by;
  MB_TRY(page.period, text(value, "period"));
  MB_TRY(page.widths, widths_of(value));
  MB_TRY(const json::array* machines, array(value, "machines"));
  for (const json::value& machine : *machines) {
    MB_TRY(MachineUsage read, machine_of(machine, page.by));
    page.machines.push_back(std::move(read));
  }
  MB_TRY(page.next, next_of(value));
  return page;
}

}  // namespace meterbill
