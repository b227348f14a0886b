#include "domain/usage_row.h"

#include <fmt/format.h>

#include <algorithm>

namespace meterbill {
namespace {

/// Raises `stored` to `seen`; true if it grew.
bool raise(std::int64_t& stored, std::int64_t seen) {
  if (seen <= stored) return false;
  stored = seen;
  return true;
}

bool merge_cover(std::optional<Cover>& stored, const std::optional<Cover>& seen) {
  if (!seen) return false;
  if (!stored) {
    stored = seen;
    return true;
  }
  bool grew = false;
  if (seen->from_us < stored->from_us) {
    stored->from_us = seen->from_us;
    grew = true;
  }
  grew |= raise(stored->to_us, seen->to_us);
  grew |= raise(stored->metered_us, seen->metered_us);
  grew |= raise(stored->estimated_us, seen->estimated_us);
  grew |= raise(stored->off_us, seen->off_us);
  return grew;
}

}  // namespace

bool EpochUsage::complete() const {
  const auto finals =
      std::ranges::count_if(by_scope, [](const auto& entry) { return entry.second.final; });
  return scopes > 0 && finals >= scopes;
}

Outcome merge(UsageRow& row, const KeyedReading& reading) {
  const auto [epoch, new_epoch] = row.by_epoch.try_emplace(reading.epoch);
  const auto [scope, new_scope] = epoch->second.by_scope.try_emplace(reading.scope);
  bool grew = new_epoch || new_scope;
  grew |= merge_cover(epoch->second.cover, reading.cover);
  grew |= raise(epoch->second.scopes, reading.scopes);
  if (reading.final && !scope->second.final) scope->second.final = grew = true;
  for (const auto& [meter, value] : reading.used) {
    const auto [stored, is_new] = scope->second.used.try_emplace(meter, value);
    grew |= is_new || raise(stored->second, value);
  }
  return grew ? Outcome::kApplied : Outcome::kRepeated;
}

std::optional<Rejection> room_for(const UsageRow& row, const KeyedReading& reading,
                                  const std::function<bool(EpochKey)>& is_pseudo) {
  const auto epoch = row.by_epoch.find(reading.epoch);
  if (epoch == row.by_epoch.end()) {
    if (row.by_epoch.size() < kEpochsMax) return std::nullopt;
    const auto pseudo = static_cast<std::size_t>(std::ranges::count_if(
        row.by_epoch, [&](const auto& entry) { return is_pseudo(entry.first); }));
    if (row.by_epoch.size() - pseudo < kEpochsMax) return std::nullopt;
    return Rejection{Reason::kTooMany, fmt::format("more than {} epochs in one slot", kEpochsMax)};
  }
  const auto& scopes = epoch->second.by_scope;
  if (scopes.contains(reading.scope) || scopes.size() < kScopesMax) return std::nullopt;
  return Rejection{Reason::kTooMany, fmt::format("more than {} scopes in one slot", kScopesMax)};
}

Result<void> accumulate(UsageRow& row, EpochKey pseudo_epoch, ScopeKey scope,
                        std::span<const std::pair<MeterKey, std::int64_t>> quantities) {
  FlatMap<MeterKey, std::int64_t>& used = row.by_epoch[pseudo_epoch].by_scope[scope].used;
  for (const auto& [meter, quantity] : quantities) {
    const auto stored = used.find(meter);
    if (stored == used.end()) continue;
    const auto sum = add(stored->second, quantity);
    if (!sum) return sum.error();
  }
  for (const auto& [meter, quantity] : quantities) used[meter] += quantity;
  return ok();
}

Result<void> accumulate(UsageRow& row, EpochKey pseudo_epoch, ScopeKey scope, MeterKey meter,
                        std::int64_t quantity) {
  const std::pair one{meter, quantity};
  return accumulate(row, pseudo_epoch, scope, {&one, 1});
}

}  // namespace meterbill
