#include "report/kept_out.h"

#include <fmt/format.h>

#include "base/checked.h"

namespace meterbill {

bool is_context(const MeterName& meter) {
  return meter.str() == "uptime" || meter.str().ends_with("_capacity");
}

Result<std::string> kept_out_text(const KeptOut& meters, int decimals) {
  std::string text;
  for (const auto& [meter, base] : meters) {
    if (is_context(meter)) continue;
    const Unit unit = meter_kind(meter).units.front();
    MB_TRY(const Int128 quantity, quantity_in(unit, base, decimals));
    text += fmt::format("{}{} {} {}", text.empty() ? "" : ", ", meter.str(),
                        decimal_text(Int256(quantity), decimals), unit.name);
  }
  return text;
}

void write_kept_out(JsonWriter& json, std::string_view name, const KeptOut& meters) {
  json.begin_array(name);
  for (const auto& [meter, base] : meters)
    json.begin_object()
        .string("meter", meter.str())
        .string("base_quantity", to_string(base))
        .string("base_unit", meter_kind(meter).base_unit)
        .end_object();
  json.end_array();
}

}  // namespace meterbill
