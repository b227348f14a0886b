#pragma once

#include <map>
#include <string>

#include "merge_history.h"

namespace meterbill {

/// What a ledger must say once the last of everything has come. Counted here again from the whole
/// history, by docs/wire.md section 6 and docs/ledger.md alone: nothing of `src/` is asked how
/// readings merge, who is held or what a decision means.
struct Recount {
  std::string usage;                 ///< machine,scope,labels,slot,meter,quantity: sorted lines
  std::string held;                  ///< machine epoch slot[ discarded slot]: sorted lines
  std::string clock_steps;           ///< machine slot microseconds: sorted lines
  std::string times;                 ///< machine, microseconds awake and off: sorted lines
  std::map<std::string, int> kinds;  ///< how often what is worth showing is among it
};
[[nodiscard]] Recount recount(const History& history);

}  // namespace meterbill
