#pragma once

#include "domain/gap.h"
#include "report/json_writer.h"

namespace meterbill {

/// One gap as an object. `after` is null when it is not known; `text` says what it is and what
/// follows from it.
void write_gap(JsonWriter& json, const Gap& gap);

}  // namespace meterbill
