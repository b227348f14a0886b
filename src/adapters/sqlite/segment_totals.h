#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "ports/ledger_store.h"

namespace meterbill {

/// Which total of a machine and price segment.
struct TotalPlace {
  ScopeKey scope;
  LabelSetKey labels;
  MeterKey meter;
  friend auto operator<=>(const TotalPlace&, const TotalPlace&) = default;
};

/// All running totals of one machine and price segment: one row of `total`. Not a row each: a
/// machine with 20 scopes has a hundred, and a batch that touches it changes most of them.
using SegmentTotals = FlatMap<TotalPlace, Int128>;

/// The packed form (docs/ledger.md), as `pack(UsageRow)`.
[[nodiscard]] std::string pack(const SegmentTotals& totals);

/// kDamaged when the bytes are not what `pack` wrote; kTooNew for a later version.
[[nodiscard]] Result<SegmentTotals> unpack_totals(std::string_view bytes);

}  // namespace meterbill
