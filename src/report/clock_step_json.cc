#include "report/clock_step_json.h"

namespace meterbill {

void write_clock_steps(JsonWriter& json, const std::vector<ClockStep>& steps) {
  json.begin_array("clock_steps");
  for (const ClockStep& step : steps)
    json.begin_object()
        .string("slot", to_string(step.slot))
        .string("seconds", seconds_text(step))
        .string("metered_us", to_string(Int128{step.metered_us}))
        .string("estimated_us", to_string(Int128{step.estimated_us}))
        .end_object();
  json.end_array();
}

}  // namespace meterbill
