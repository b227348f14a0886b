#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "sim/sim_truth.h"
#include "sim/sim_witness.h"
#include "sim/sim_worker.h"

namespace meterbill::sim {

/// What stands in a ledger, by names.
struct LedgerContent {
  Merged merged;                                       ///< readings
  std::map<std::string, std::string> boots;            ///< by epoch
  std::set<std::pair<std::string, std::string>> held;  ///< (epoch, slot)
  std::map<FieldsKey, std::int64_t> added;             ///< samples and events, by their meter
};

/// Reads it by way of the store's own questions, never through bills.
[[nodiscard]] LedgerContent read_content(LedgerReader& ledger);

/// Equal for equal contents: whether two programs made the same of a seed.
[[nodiscard]] std::uint64_t fingerprint(const LedgerContent& content);

/// Each finding is one sentence of what is wrong; none: the run was right.
using Findings = std::vector<std::string>;

/// Everything that must be there is there, nothing is that may not, and no value is above or below.
void judge_merge(const LedgerContent& content, const Witness& witness, Findings& findings);
/// Holds are what the rule of conflicts gives.
void judge_holds(const LedgerContent& content, Findings& findings);
/// What was used is what is in the ledger, slot by slot and in sum.
void judge_truth(const LedgerContent& content, const std::string& machine, const Truth& truth,
                 Findings& findings);
/// The statement's exact total is the sum over what is not held, from totals and from slots.
void judge_bill(const LedgerContent& content, LedgerReader& ledger, const PriceBook& book,
                UtcTime now, Findings& findings);

}  // namespace meterbill::sim
