#include "domain/hold.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/assert.h"

namespace meterbill {
namespace {

constexpr std::array kDecisions{
    std::pair{Decision::kKeep, "keep"}, std::pair{Decision::kDiscard, "discard"},
    std::pair{Decision::kRename, "rename"}, std::pair{Decision::kSum, "sum"}};

/// Slot + 5 %: what several honest boots of one machine can cover when clocks were set while it was
/// down.
constexpr std::int64_t kCoverMax = Slot::kMicroseconds + Slot::kMicroseconds / 20;

std::optional<Decision> decision_of(const Decisions& decisions, const BootId& boot) {
  const auto found = decisions.find(boot);
  if (found == decisions.end()) return std::nullopt;
  return found->second.decision;
}

bool is_summed(const Decisions& decisions) {
  return decision_of(decisions, BootId{}) == Decision::kSum;
}

struct Span {
  EpochKey epoch;
  BootId boot;
  Cover cover;
};

/// The epochs that take part: with a cover and a boot, and not settled by a decision.
std::vector<Span> parties(const UsageRow& row, const BootOf& boot_of, const Decisions& decisions) {
  std::vector<Span> spans;
  for (const auto& [key, usage] : row.by_epoch) {
    const BootId& boot = boot_of(key);
    if (boot.empty() || !usage.cover) continue;
    const auto decision = decision_of(decisions, boot);
    if (decision == Decision::kDiscard || decision == Decision::kRename) continue;
    spans.push_back({key, boot, *usage.cover});
  }
  return spans;
}

bool is_present(const UsageRow& row, EpochKey epoch) {
  const auto found = row.by_epoch.find(epoch);
  return found != row.by_epoch.end() && found->second.cover;
}

}  // namespace

bool overlap(const Cover& a, const Cover& b) {
  return std::max(a.from_us, b.from_us) < std::min(a.to_us, b.to_us);
}

std::string_view to_string(Decision decision) {
  const auto* const found =
      std::ranges::find(kDecisions, decision, [](const auto& row) { return row.first; });
  MB_ASSERT(found != kDecisions.end());
  return found->second;
}

std::optional<Decision> parse_decision(std::string_view text) {
  const auto* const found = std::ranges::find(
      kDecisions, text, [](const auto& row) { return std::string_view(row.second); });
  if (found == kDecisions.end()) return std::nullopt;
  return found->first;
}

bool is_in_conflict(const Holds& holds) {
  return std::ranges::any_of(holds, [](const auto& entry) { return entry.second.waits(); });
}

std::set<EpochPair> conflicting(const UsageRow& row, const BootOf& boot_of,
                                const Decisions& decisions) {
  std::set<EpochPair> pairs;
  if (is_summed(decisions)) return pairs;
  const std::vector<Span> spans = parties(row, boot_of, decisions);
  Int128 covered = 0;
  for (const Span& span : spans) covered += Int128{span.cover.metered_us} + span.cover.estimated_us;
  for (std::size_t i = 0; i < spans.size(); ++i)
    for (std::size_t j = i + 1; j < spans.size(); ++j) {
      const bool untrue = spans[i].boot == spans[j].boot ? overlap(spans[i].cover, spans[j].cover)
                                                         : covered > kCoverMax;
      if (untrue) pairs.insert({spans[i].epoch, spans[j].epoch});
    }
  return pairs;
}

Extended extend(Conflicts& conflicts, Slot slot, const UsageRow& row, const BootOf& boot_of,
                const Decisions& decisions) {
  for (const EpochPair& pair : conflicting(row, boot_of, decisions))
    if (!conflicts.contains(pair)) return Extended::kNewPair;
  Extended outcome = Extended::kUnchanged;
  for (auto& [pair, shared] : conflicts) {
    if (shared <= slot || !is_present(row, pair.first) || !is_present(row, pair.second)) continue;
    shared = slot;
    outcome = Extended::kChanged;
  }
  return outcome;
}

Holds holds_of(const Conflicts& conflicts, const BootOf& boot_of, const Decisions& decisions) {
  std::map<EpochKey, Slot> held;
  std::map<EpochKey, Slot> discarded;
  const auto from = [](std::map<EpochKey, Slot>& slots, EpochKey epoch, Slot slot) {
    const auto [known, is_new] = slots.try_emplace(epoch, slot);
    if (!is_new) known->second = std::min(known->second, slot);
  };
  for (const auto& [pair, slot] : conflicts) {
    const bool first = decision_of(decisions, boot_of(pair.first)) == Decision::kKeep;
    const bool second = decision_of(decisions, boot_of(pair.second)) == Decision::kKeep;
    if (!first) from(second ? discarded : held, pair.first, slot);
    if (!second) from(first ? discarded : held, pair.second, slot);
  }
  Holds holds;
  for (const auto& [epoch, slot] : held) holds[epoch] = {slot, std::nullopt};
  for (const auto& [epoch, slot] : discarded) {
    Hold& hold = holds.try_emplace(epoch, Hold{slot, slot}).first->second;
    hold = {std::min(hold.from, slot), slot};
  }
  return holds;
}

void HoldFinder::add(Slot slot, const UsageRow& row) {
  std::set<EpochKey>& present = present_[slot];
  for (const auto& [epoch, usage] : row.by_epoch)
    if (usage.cover) present.insert(epoch);
  pairs_.merge(conflicting(row, boot_of_, decisions_));
}

Conflicts HoldFinder::conflicts() const {
  Conflicts conflicts;
  for (const EpochPair& pair : pairs_) {
    const auto shared = std::ranges::find_if(present_, [&](const auto& entry) {
      return entry.second.contains(pair.first) && entry.second.contains(pair.second);
    });
    MB_ASSERT(shared != present_.end());  // at least the slot where the conflict shows
    conflicts.emplace(pair, shared->first);
  }
  return conflicts;
}

Standing standing(EpochKey epoch, Slot slot, const BootOf& boot_of, const Holds& holds,
                  const Decisions& decisions) {
  const BootId& boot = boot_of(epoch);
  if (boot.empty()) return Standing::kBilled;
  const auto decision = decision_of(decisions, boot);
  if (decision == Decision::kDiscard) return Standing::kDiscarded;
  if (decision == Decision::kRename) return Standing::kRenamed;
  if (decision == Decision::kKeep || is_summed(decisions)) return Standing::kBilled;
  const auto hold = holds.find(epoch);
  if (hold == holds.end() || slot < hold->second.from) return Standing::kBilled;
  const bool discarded = hold->second.discarded && slot >= *hold->second.discarded;
  return discarded ? Standing::kDiscarded : Standing::kHeld;
}

bool is_vouched_for(const BootId& boot, const Decisions& decisions) {
  const auto decision = decision_of(decisions, boot);
  return decision == Decision::kKeep || (is_summed(decisions) && decision != Decision::kRename);
}

bool parts_exceed(const EpochUsage& epoch, ScopeKey machine, MeterKey cpu, MeterKey cpu_capacity,
                  MeterKey uptime, const std::function<bool(ScopeKey)>& is_view) {
  if (!epoch.complete()) return false;
  const auto value = [](const ScopeUsage& scope, MeterKey meter) -> std::int64_t {
    const auto found = scope.used.find(meter);
    return found == scope.used.end() ? 0 : found->second;
  };
  const auto whole = epoch.by_scope.find(machine);
  if (whole == epoch.by_scope.end()) return false;
  Int128 parts = 0;
  for (const auto& [scope, usage] : epoch.by_scope)
    if (scope != machine && !is_view(scope)) parts += value(usage, cpu);
  return parts > cpu_limit_us(value(whole->second, cpu_capacity), value(whole->second, uptime));
}

}  // namespace meterbill
