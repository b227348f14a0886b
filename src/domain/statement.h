#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "domain/clock_step.h"
#include "domain/coverage.h"
#include "domain/gap.h"
#include "domain/period.h"
#include "domain/rating.h"

namespace meterbill {

/// What a statement says besides its lines.
struct StatementFacts {
  Period period;
  Slot cut_off;               ///< usage before it counts
  std::string prices_source;  ///< `prices.toml`, `built in`
  std::string prices_digest;  ///< SHA-256 of PriceBook::text(), hex
  ZoneData zone;
  std::vector<std::string> warnings;  ///< prices edited since they were used, and the like
  std::vector<Gap> gaps = {};         ///< those that may have taken something of the period
};

/// What is known of one machine besides its usage.
struct MachineNote {
  std::optional<Coverage> coverage;  ///< absent: only samples and events, which cover no time
  std::map<MeterName, Int128, MeterOrder> held;  ///< base units of scope `machine` kept out
  /// The same of what an operator's decision discards.
  std::map<MeterName, Int128, MeterOrder> discarded;
  std::vector<ClockStep> clock_steps;  ///< in slot order
};

/// One machine's part.
struct MachineStatement {
  MachineId machine;
  std::vector<Line> lines;
  std::vector<UnpricedLine> unpriced;
  NotBilled not_billed;
  MachineNote note;
  Cost exact_total;
  Amount total;
};

/// What one machine or a fleet owes for a period, as of a cut-off. Always a draft: what is issued
/// is an invoice. A function of its inputs alone (invariant 5): it does not say when it was made.
struct Statement {
  StatementFacts facts;
  Currency currency;
  int quantity_decimals = kQuantityDecimalsMax;
  std::vector<MachineStatement> machines;  ///< by name
  Cost exact_total;
  Amount total;
};

/// Cuts a bill into machines. A machine that has only a note stands in it, too.
[[nodiscard]] Result<Statement> make_statement(StatementFacts facts, Bill bill,
                                               const std::map<MachineId, MachineNote>& notes);

/// The sentence why rounded and exact total differ; empty when they are equal.
[[nodiscard]] std::string difference_sentence(const Cost& exact_total, const Amount& total,
                                              const Currency& currency);

/// Shares of `total` units in proportion to the weights, by largest remainder (ties: the first), so
/// that they add up to the whole. All 0 when the weights are. REQUIRES: weights >= 0, their sum
/// times `total` below 2^126.
[[nodiscard]] std::vector<Int128> split(Int128 total, const std::vector<Int128>& weights);

}  // namespace meterbill
