#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "domain/price_book.h"
#include "report/json_writer.h"

namespace meterbill {

/// Base units of each meter that stand beside what is billed: held, discarded, not billed.
using KeptOut = std::map<MeterName, Int128, MeterOrder>;

/// Meters that only tell how much there was to use: for programs, not for people.
[[nodiscard]] bool is_context(const MeterName& meter);

/// "cpu 1.5 core_hour, net_out 2.5 gb", each meter in its first unit; empty if there is nothing to
/// show. kOverflow when a quantity cannot be shown.
[[nodiscard]] Result<std::string> kept_out_text(const KeptOut& meters, int decimals);

/// The member `name`: `meter`, `base_quantity` and `base_unit` of each.
void write_kept_out(JsonWriter& json, std::string_view name, const KeptOut& meters);

}  // namespace meterbill
