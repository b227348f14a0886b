#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "domain/usage_row.h"

namespace meterbill {

/// What an operator decided about one boot of a machine name.
enum class Decision {
  kKeep,     ///< this boot is the true one: epochs in conflict with it are discarded
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

/// How far conflicts bind an epoch: held in all its slots from `from` on, and from `discarded` on,
/// which is not before `from`, discarded because the other side of such a conflict is kept.
struct Hold {
  Slot from;
  std::optional<Slot> discarded;
  friend bool operator==(const Hold&, const Hold&) = default;

  /// Some of it waits for an operator.
  [[nodiscard]] bool waits() const { return !discarded || from < *discarded; }
};

/// What conflicts of one machine bind. Derived from rows and decisions alone, so arrival order
/// never matters (invariant 8).
using Holds = std::map<EpochKey, Hold>;

/// The one rule for "this machine is in conflict": something of it waits for an operator.
[[nodiscard]] bool is_in_conflict(const Holds& holds);

/// The boot an epoch belongs to; the empty id for pseudo-epochs, which no conflict concerns.
using BootOf = std::function<const BootId&(EpochKey)>;

/// Two epochs, the lower key first.
using EpochPair = std::pair<EpochKey, EpochKey>;

/// Both hold time of the boot clock that the other holds too.
[[nodiscard]] bool overlap(const Cover& a, const Cover& b);

/// Every two epochs of a machine that conflict, in whatever slot, with the first slot that they
/// share: be it the one where the conflict shows or an earlier one.
using Conflicts = std::map<EpochPair, Slot>;

/// Which epochs of one slot cannot both be true: two of the same boot whose boot-clock intervals
/// overlap, and any two of different boots if all boots together cover more than the slot + 5 %.
/// Boots that were discarded, renamed or summed do not take part. Growth of the row only adds
/// pairs.
[[nodiscard]] std::set<EpochPair> conflicting(const UsageRow& row, const BootOf& boot_of,
                                              const Decisions& decisions);

enum class Extended {
  kUnchanged,
  kChanged,
  kNewPair,  ///< which slot the two share first is in rows not looked at: all are to be searched
};

/// Brings the conflicts of a machine up to date with a row that grew, as a search of all rows
/// would.
[[nodiscard]] Extended extend(Conflicts& conflicts, Slot slot, const UsageRow& row,
                              const BootOf& boot_of, const Decisions& decisions);

/// Who is held from which slot on. Of a pair with a kept boot the other one is discarded.
[[nodiscard]] Holds holds_of(const Conflicts& conflicts, const BootOf& boot_of,
                             const Decisions& decisions);

/// Finds the conflicts of one machine name from all its rows.
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
  [[nodiscard]] Conflicts conflicts() const;
  [[nodiscard]] Holds finish() const { return holds_of(conflicts(), boot_of_, decisions_); }

 private:
  const BootOf& boot_of_;
  const Decisions& decisions_;
  std::map<Slot, std::set<EpochKey>> present_;
  std::set<EpochPair> pairs_;
};

/// What becomes of one epoch's usage in one slot.
enum class Standing { kBilled, kHeld, kDiscarded, kRenamed };

[[nodiscard]] Standing standing(EpochKey epoch, Slot slot, const BootOf& boot_of,
                                const Holds& holds, const Decisions& decisions);

/// True if the operator says that this boot's usage is billed as it is, whatever its parts come to.
[[nodiscard]] bool is_vouched_for(const BootId& boot, const Decisions& decisions);

/// True if the cpu of the parts of a complete epoch exceeds what the machine could give: all of the
/// epoch is held in that slot. Views overlap and are not counted.
[[nodiscard]] bool parts_exceed(const EpochUsage& epoch, ScopeKey machine, MeterKey cpu,
                                MeterKey cpu_capacity, MeterKey uptime,
                                const std::function<bool(ScopeKey)>& is_view);

}  // namespace meterbill
