#include "worker/price_use.h"

#include <fmt/format.h>

namespace meterbill {
namespace {

PriceVersionUse use_of(const PriceVersion& version, std::string digest) {
  return {.meter = version.meter.str(),
          .unit = std::string(version.unit.name),
          .scopes = version.scopes == BilledScopes::kMachine ? "machine" : "parts",
          .from = version.from ? to_string(*version.from) : "",
          .digest = std::move(digest)};
}

}  // namespace

Result<void> PriceUse::open(LedgerStore& store) {
  MB_TRY(const Dictionary names, store.dictionary());
  std::set<std::pair<MeterKey, Slot>> segments;
  for (const auto& [machine, name] : names.machines) {
    MB_TRY(const auto totals, store.totals(machine));
    for (const auto& [key, quantity] : totals) segments.insert({key.meter, key.segment});
  }
  for (const auto& [meter, segment] : segments) used(names.meters.at(meter), segment);
  return ok();
}

void PriceUse::used(const MeterName& meter, Slot segment) {
  const PriceVersion* version = book_.price_version_at(meter, segment);
  if (version != nullptr && known_.insert(version).second) waiting_.push_back(version);
}

Result<void> PriceUse::remember(LedgerStore& store) {
  if (waiting_.empty()) return ok();
  std::vector<PriceVersionUse> used;
  for (const PriceVersion* version : waiting_)
    used.push_back(use_of(*version, sha256_hex_(to_text(*version))));
  MB_TRY(const auto edited, store.remember_prices(used));
  waiting_.clear();
  warnings_.with([&](std::set<std::string>& warnings) {
    for (const PriceVersionUse& version : edited)
      warnings.insert(
          fmt::format("the price of {} per {} since {} was edited after it was used: put the old "
                      "price back and "
                      "add a new one with a later date",
                      version.meter, version.unit, version.from.empty() ? "always" : version.from));
  });
  return ok();
}

std::vector<std::string> PriceUse::warnings() const {
  return warnings_.with([](const std::set<std::string>& warnings) {
    return std::vector<std::string>(warnings.begin(), warnings.end());
  });
}

}  // namespace meterbill
