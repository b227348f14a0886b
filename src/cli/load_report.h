#pragma once

#include <iosfwd>
#include <string>

#include "cli/load_run.h"

namespace meterbill {

/// "loadgen-000001 to loadgen-000100".
[[nodiscard]] std::string first_and_last(const LoadFleet& fleet);

/// What became of a run, for a terminal and for programs.
[[nodiscard]] std::string to_text(const LoadFleet& fleet, const LoadResult& result);
[[nodiscard]] std::string to_json(const LoadFleet& fleet, const LoadPlan& plan,
                                  const LoadResult& result);

/// What a ledger that has nothing else prints by `usage --by slot --csv`, byte for byte.
void write_totals(const LoadFleet& fleet, std::ostream& out);

}  // namespace meterbill
