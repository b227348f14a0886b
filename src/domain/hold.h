#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "domain/usage_row.h"

namespace meterbill {

/// What an operator decided about one boot of a machine name.
enum class Decision {
  kKeep,     ///< this boot is the true one: in a conflict the others are discarded
  kDiscard,  ///< this boot's usage is never billed
  kRename,   ///< this boot's usage is another machine's
  kSum,      ///< all boots of the name are billed together; stored under the empty boot id
};
[[nodiscard]] std::string_view to_string(Decision decision);
[[nodiscard]] std::optional<Decision> parse_decision(std::string_view text);

struct BootDecision {
  Decision decision = Decision::kKeep;
  MachineKey renamed_to;  ///< of kRename
  friend bool operator==(const BootDecision&, const BootDecision&) = default;
};

/// The decisions of one machine name, by boot id.
using Decisions = std::map<BootId, BootDecision>;

/// True if the operator has said which boots of the name are billed: what is held by a conflict
/// waits for no decision any more.
[[nodiscard]] bool is_settled(const Decisions& decisions);

/// What conflicts of one machine bind: an epoch is held in all its slots from the first one that it
/// shared untruly. Derived from rows and decisions alone, so arrival order never matters (invariant
/// 8).
using Holds = std::map<EpochKey, Slot>;

/// The boot an epoch belongs to; the empty id for pseudo-epochs, which no conflict concerns.
using BootOf = std::function<const BootId&(EpochKey)>;

/// The epochs of one slot that cannot all be true: two of the same boot whose boot-clock intervals
/// overlap, or several boots that together cover more than the slot + 5 %. Boots that were
/// discarded, renamed or summed do not take part.
[[nodiscard]] std::set<EpochKey> conflicting(const UsageRow& row, const BootOf& boot_of,
                                             const Decisions& decisions);

/// Finds the holds of one machine name from all its rows: the epochs of a conflict are held from
/// the first slot that two of them share, be it the one where the conflict shows or an earlier one.
///
/// All rows are looked at, not only the newest: a late reading of an earlier slot moves a hold
/// back, and the outcome must not depend on what came first.
class HoldFinder {
 public:
  /// Both outlive the finder.
  HoldFinder(const BootOf& boot_of, const Decisions& decisions)
      : boot_of_(boot_of), decisions_(decisions) {}

  /// Each slot once, in any order.
  void add(Slot slot, const UsageRow& row);
  [[nodiscard]] Holds finish() const;

 private:
  const BootOf& boot_of_;
  const Decisions& decisions_;
  std::map<Slot, std::set<EpochKey>> present_;
  std::set<std::set<EpochKey>> conflicts_;
};

/// What becomes of one epoch's usage in one slot.
enum class Standing { kBilled, kHeld, kDiscarded, kRenamed };

[[nodiscard]] Standing standing(EpochKey epoch, Slot slot, const BootOf& boot_of,
                                const Holds& holds, const Decisions& decisions);

/// True if the cpu of the parts of a complete epoch exceeds what the machine could give: all of the
/// epoch is held in that slot. Views overlap and are not counted.
[[nodiscard]] bool parts_exceed(const EpochUsage& epoch, ScopeKey machine, MeterKey cpu,
                                MeterKey cpu_capacity, MeterKey uptime,
                                const std::function<bool(ScopeKey)>& is_view);

}  // namespace meterbill
