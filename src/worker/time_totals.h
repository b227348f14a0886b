#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <tuple>

#include "base/checked.h"
#include "domain/names.h"
#include "ports/ledger_store.h"

namespace meterbill {

/// What a bill says of a machine's time, as running totals beside those of its meters: of the slots
/// of a price segment, what its own billed epochs cover (`slot_cover`), in µs. A month of a machine
/// has 3,000 rows and one such total.
///
/// `special`: how many slots have something that a total cannot tell: a clock step, or an epoch
/// that is held or discarded. Of a segment with one, the rows are read.
struct TimeTotals {
  std::int64_t metered_us = 0;
  std::int64_t estimated_us = 0;
  std::int64_t off_us = 0;
  std::int64_t special = 0;
};

/// Under which names they stand among the meters; no name of a meter begins so.
struct TimeMeters {
  MeterKey metered, estimated, off, special;
};
inline constexpr char kTimeMark = '=';
inline constexpr std::array kTimeMeters{
    std::tuple{std::string_view("=metered"), &TimeMeters::metered, &TimeTotals::metered_us},
    std::tuple{std::string_view("=estimated"), &TimeMeters::estimated, &TimeTotals::estimated_us},
    std::tuple{std::string_view("=off"), &TimeMeters::off, &TimeTotals::off_us},
    std::tuple{std::string_view("=special"), &TimeMeters::special, &TimeTotals::special}};

[[nodiscard]] inline bool is_of_time(const MeterName& name) {
  return name.str().starts_with(kTimeMark);
}

}  // namespace meterbill
