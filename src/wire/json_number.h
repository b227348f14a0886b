#pragma once

#include <string_view>

#include "base/checked.h"
#include "base/result.h"
#include "domain/reason.h"

namespace meterbill {

/// The number as an integer of 10^-decimals, exactly: ("12.3", 9) is 12'300'000'000, ("1.23e1", 0)
/// is too precise. kTooPrecise when it has more decimals, kBadNumber when it is no number or
/// does not fit 38 digits. REQUIRES: 0 <= decimals <= 38.
[[nodiscard]] Either<Int128, Reason> exact_number(std::string_view text, int decimals);

}  // namespace meterbill
