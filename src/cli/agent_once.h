#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"
#include "cli/command.h"

namespace meterbill {

/// Measures this machine for a moment and gives the reading as text or JSON; handed in by main.cc.
using MeasureOnce = std::function<Result<std::string>(std::int64_t interval_us, bool as_json)>;

/// `agent once`: one reading to standard output, nothing sent, no state touched.
[[nodiscard]] Command agent_once_command(MeasureOnce measure);

}  // namespace meterbill
