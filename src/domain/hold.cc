#include "domain/hold.h"

#include <algorithm>
#include <array>
#include <iterator>
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

bool overlap(const Cover& a, const Cover& b) {
  return std::max(a.from_us, b.from_us) < std::min(a.to_us, b.to_us);
}

}  // namespace

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

bool is_settled(const Decisions& decisions) {
  return std::ranges::any_of(decisions, [](const auto& entry) {
    return entry.second.decision == Decision::kKeep || entry.second.decision == Decision::kSum;
  });
}

std::set<EpochKey> conflicting(const UsageRow& row, const BootOf& boot_of,
                               const Decisions& decisions) {
  std::set<EpochKey> bound;
  if (is_summed(decisions)) return bound;
  const std::vector<Span> spans = parties(row, boot_of, decisions);
  Int128 covered = 0;
  bool several_boots = false;
  for (std::size_t i = 0; i < spans.size(); ++i) {
    covered += Int128{spans[i].cover.metered_us} + spans[i].cover.estimated_us;
    several_boots |= spans[i].boot != spans.front().boot;
    for (std::size_t j = 0; j < i; ++j)
      if (spans[i].boot == spans[j].boot && overlap(spans[i].cover, spans[j].cover))
        bound.insert({spans[i].epoch, spans[j].epoch});
  }
  if (several_boots && covered > kCoverMax)
    for (const Span& span : spans) bound.insert(span.epoch);
  return bound;
}

void HoldFinder::add(Slot slot, const UsageRow& row) {
  std::set<EpochKey>& present = present_[slot];
  for (const auto& [epoch, usage] : row.by_epoch)
    if (usage.cover) present.insert(epoch);
  std::set<EpochKey> conflict = conflicting(row, boot_of_, decisions_);
  if (!conflict.empty()) conflicts_.insert(std::move(conflict));
}

Holds HoldFinder::finish() const {
  Holds holds;
  for (const std::set<EpochKey>& conflict : conflicts_) {
    for (const auto& [slot, present] : present_) {
      std::vector<EpochKey> shared;
      std::ranges::set_intersection(conflict, present, std::back_inserter(shared));
      if (shared.size() < 2) continue;
      for (const EpochKey epoch : shared) {
        const auto [held, is_new] = holds.try_emplace(epoch, slot);
        if (!is_new) held->second = std::min(held->second, slot);
      }
    }
  }
  return holds;
}

Standing standing(EpochKey epoch, Slot slot, const BootOf& boot_of, const Holds& holds,
                  const Decisions& decisions) {
  const BootId& boot = boot_of(epoch);
  if (boot.empty()) return Standing::kBilled;
  const auto decision = decision_of(decisions, boot);
  if (decision == Decision::kDiscard) return Standing::kDiscarded;
  if (decision == Decision::kRename) return Standing::kRenamed;
  if (is_summed(decisions)) return Standing::kBilled;
  const auto held = holds.find(epoch);
  if (held == holds.end() || slot < held->second) return Standing::kBilled;
  if (decision == Decision::kKeep) return Standing::kBilled;
  const bool another_is_kept = std::ranges::any_of(
      decisions, [](const auto& entry) { return entry.second.decision == Decision::kKeep; });
  return another_is_kept ? Standing::kDiscarded : Standing::kHeld;
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
