#include <fmt/format.h>

#include "base/json_text.h"
#include "domain/unit.h"
#include "wire/fields.h"
#include "wire/forms.h"
#include "wire/json_number.h"

namespace meterbill {
namespace {

constexpr std::size_t kIdentityBytesMax = 255;

/// Source and id are kept as the event's identity: bounded, and fit to be shown.
Read<std::string> identity(std::string_view text, std::string_view name) {
  if (text.empty()) return reject(Reason::kMissingField, fmt::format("the event has no {}", name));
  if (text.size() > kIdentityBytesMax || !is_clean_utf8(text))
    return reject(Reason::kBadName,
                  fmt::format("{} of {} bytes: at most {} of UTF-8, no control characters", name,
                              text.size(), kIdentityBytesMax));
  return std::string(text);
}

/// The `time` of the data: it says what the quantity is of. Without one the event's own, which some
/// senders cannot leave out and others alone can set.
Read<UtcTime> time_of(const Attributes& attributes, const JsonValue& data) {
  std::string_view text = attributes.time;
  if (data.find("time") || text.empty()) {
    MB_TRY(text, required_text(data, "time"));
  }
  const auto instant = parse_utc(text);
  if (!instant)
    return reject(Reason::kBadSlot, fmt::format("time {} is not of RFC 3339", excerpt(text)));
  if (auto fault = outside_calendar(Slot::containing(instant.value()))) return std::move(*fault);
  return instant.value();
}

/// In 10^-9 of the unit.
Read<Int128> nano_quantity(const JsonValue& data) {
  MB_TRY(const JsonValue quantity, required(data, "quantity"));
  Read<Int128> nano = Int128{0};
  if (quantity.is(JsonValue::Kind::kString)) {
    const std::string_view text = quantity.text();
    if (!is_json_number(text) || text.find_first_of("eE") != std::string_view::npos)
      return reject(Reason::kBadNumber, fmt::format("quantity {} is no decimal", excerpt(text)));
    const auto number = exact_number(text, 9);
    if (!number)
      return reject(number.error(), fmt::format("quantity {}: at most 9 decimals", excerpt(text)));
    nano = number.value();
  } else {
    nano = nano_number(quantity, "quantity");
  }
  if (nano && nano.value() < 0)
    return reject(Reason::kBadNumber,
                  fmt::format("quantity {} is negative", excerpt(quantity.text())));
  return nano;
}

std::string unit_names(const MeterName& meter) {
  std::string names;
  for (const Unit& unit : meter_kind(meter).units)
    names += fmt::format("{}{}", names.empty() ? "" : ", ", unit.name);
  return names;
}

/// Whole base units of the meter; a part of one could not be kept.
Read<std::int64_t> base_quantity(const MeterName& meter, const JsonValue& data) {
  MB_TRY(const std::string_view unit_name, required_text(data, "unit"));
  const auto unit = find_unit(meter, unit_name);
  if (!unit)
    return reject(Reason::kUnitUnknown,
                  fmt::format("meter {} is not counted in {}; its units are {}", meter.str(),
                              excerpt(unit_name), unit_names(meter)));
  const Read<Int128> nano = nano_quantity(data);
  if (!nano) return nano.error();
  const Int128 one = power_of_ten(9);
  const auto product = multiply(nano.value(), Int128{unit.value().base_units});
  if (!product || product.value() > kQuantityMax * one)
    return reject(Reason::kImplausible,
                  fmt::format("{}: more than 2^53 of the meter's base unit", meter.str()));
  if (product.value() % one != 0)
    return reject(Reason::kTooPrecise, fmt::format("{}: not a whole number of {}", meter.str(),
                                                   meter_kind(meter).base_unit));
  return static_cast<std::int64_t>(product.value() / one);
}

}  // namespace

Read<Sample> read_sample(const JsonValue& value) {
  Sample sample;
  MB_TRY(sample.machine, machine_of(value));
  MB_TRY(const JsonValue cpu, required(value, "cpu_usage"));
  MB_TRY(sample.cpu_usage_nano, nano_percent(cpu, "cpu_usage"));
  MB_TRY(const JsonValue memory, required(value, "memory_usage"));
  MB_TRY(sample.memory_usage_nano, nano_percent(memory, "memory_usage"));
  return sample;
}

Read<UsageEvent> read_usage(const Attributes& attributes, const JsonValue& value) {
  UsageEvent event;
  MB_TRY(event.source, identity(attributes.source, "source"));
  MB_TRY(event.id, identity(attributes.id, "id"));
  if (attributes.subject.empty())
    return reject(Reason::kMissingField, "the event has no subject: the machine's name");
  if (!is_machine_id(attributes.subject))
    return reject(Reason::kBadMachine, fmt::format("subject {}", excerpt(attributes.subject)));
  event.machine = MachineId(std::string(attributes.subject));
  MB_TRY(const JsonValue data, object(value, "data"));
  MB_TRY(const std::string_view scope, required_text(data, "scope"));
  if (!is_scope(scope)) return reject(Reason::kBadName, fmt::format("scope {}", excerpt(scope)));
  event.scope = ScopeName(std::string(scope));
  MB_TRY(const std::string_view meter, required_text(data, "meter"));
  if (!is_meter(meter)) return reject(Reason::kBadName, fmt::format("meter {}", excerpt(meter)));
  event.meter = MeterName(std::string(meter));
  MB_TRY(event.time, time_of(attributes, data));
  MB_TRY(event.quantity, base_quantity(event.meter, data));
  return event;
}

}  // namespace meterbill
