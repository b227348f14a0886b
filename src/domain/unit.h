#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "domain/names.h"

namespace meterbill {

/// A unit that quantities of a meter are priced and reported in: so many of the meter's integer
/// base units.
struct Unit {
  std::string_view name;    ///< `core_hour`
  std::int64_t base_units;  ///< 3'600'000'000 core·µs
};

/// A meter we know: its base unit and what it may be priced in.
struct MeterKind {
  std::string_view name;       ///< `cpu`
  std::string_view base_unit;  ///< `core_us`: the integer unit on the wire and in the ledger
  std::string_view meaning;    ///< one line for people, shown on the statement
  std::span<const Unit> units;
};

/// The meters MeterBill itself measures, in the order they are shown. Any other meter is counted in
/// 10⁻⁹ of one `unit`.
[[nodiscard]] std::span<const MeterKind> known_meters();

/// The kind of a meter; for a name we do not know, the kind of custom meters.
[[nodiscard]] const MeterKind& meter_kind(const MeterName& meter);

/// kNotFound names the units the meter has.
[[nodiscard]] Result<Unit> find_unit(const MeterName& meter, std::string_view unit);

}  // namespace meterbill
