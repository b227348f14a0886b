#pragma once

#include <functional>
#include <map>
#include <string>

#include "domain/statement.h"

namespace meterbill {

/// What each meter of a statement counts, and what one of each unit is that its lines are counted
/// in: "processor time used: one core busy for one hour is 1 core_hour". Unpriced lines only of
/// meters that `shows_unpriced` names.
[[nodiscard]] std::map<MeterName, std::string, MeterOrder> meanings_of(
    const Statement& statement, const std::function<bool(const MeterName&)>& shows_unpriced);

}  // namespace meterbill
