#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <utility>

#include "base/checked.h"
#include "base/flat_map.h"
#include "domain/reading.h"

namespace meterbill {

/// Names are interned once per ledger; rows hold the numbers. Strong, so that a scope's number is
/// never taken for a meter's.
template <class Tag>
struct Id {
  std::int64_t value = 0;
  friend auto operator<=>(Id, Id) = default;
};
using MachineKey = Id<struct MachineKeyTag>;
using ScopeKey = Id<struct ScopeKeyTag>;
using LabelSetKey = Id<struct LabelSetKeyTag>;
using MeterKey = Id<struct MeterKeyTag>;
using EpochKey = Id<struct EpochKeyTag>;

/// The greatest readings of one scope in one epoch and slot.
struct ScopeUsage {
  bool final = false;
  FlatMap<MeterKey, std::int64_t> used;
  friend bool operator==(const ScopeUsage&, const ScopeUsage&) = default;
};

/// One epoch's share of a slot.
struct EpochUsage {
  std::optional<Cover> cover;  ///< once a machine reading came
  std::int64_t scopes = 0;     ///< as a final machine reading said; 0 until then
  FlatMap<ScopeKey, ScopeUsage> by_scope;
  friend bool operator==(const EpochUsage&, const EpochUsage&) = default;

  /// That many final readings are there.
  [[nodiscard]] bool complete() const;
};

/// What is known of one machine in one slot: the merge of every reading received. A function of the
/// set of readings: any loss, repetition or order gives the same row once the greatest of each has
/// come (invariant 1).
struct UsageRow {
  FlatMap<EpochKey, EpochUsage> by_epoch;
  friend bool operator==(const UsageRow&, const UsageRow&) = default;
};

/// A reading with its names interned.
struct KeyedReading {
  EpochKey epoch;
  ScopeKey scope;
  std::optional<Cover> cover;
  bool final = false;
  std::int64_t scopes = 0;
  FlatMap<MeterKey, std::int64_t> used;
};

enum class Outcome { kApplied, kRepeated };

/// Keeps the greatest of each field. kApplied if a stored field grew. `from_us` is fixed by the
/// agent; should two readings disagree, the smaller is kept, which is order-independent too. Limits
/// are checked before (`room_for`).
Outcome merge(UsageRow& row, const KeyedReading& reading);

/// Why the row cannot take the reading: it would have more than kEpochsMax epochs, pseudo-epochs
/// not counted, or the epoch more than kScopesMax scopes. Readings for what is there already always
/// fit.
[[nodiscard]] std::optional<Rejection> room_for(const UsageRow& row, const KeyedReading& reading,
                                                const std::function<bool(EpochKey)>& is_pseudo);

/// Adds quantities under a pseudo-epoch (samples, events): these add up, they do not merge. All or,
/// with kOverflow, none; each meter once.
[[nodiscard]] Result<void> accumulate(
    UsageRow& row, EpochKey pseudo_epoch, ScopeKey scope,
    std::span<const std::pair<MeterKey, std::int64_t>> quantities);
[[nodiscard]] Result<void> accumulate(UsageRow& row, EpochKey pseudo_epoch, ScopeKey scope,
                                      MeterKey meter, std::int64_t quantity);

}  // namespace meterbill
