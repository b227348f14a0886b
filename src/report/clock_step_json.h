#pragma once

#include <vector>

#include "domain/clock_step.h"
#include "report/json_writer.h"

namespace meterbill {

/// The member `clock_steps` of a machine: its slots with more than their 900 s, and how many.
void write_clock_steps(JsonWriter& json, const std::vector<ClockStep>& steps);

}  // namespace meterbill
