#include "worker/price_use.h"

namespace meterbill {

std::vector<std::string> price_warnings(const PriceBook& book,
                                        std::span<const PriceVersionUse> used,
                                        const Sha256Hex& sha256_hex) {
  std::vector<std::string> warnings;
  for (const ChangedPrice& price : changed_prices(book, used, sha256_hex))
    warnings.push_back(to_text(price, book.zone()));
  return warnings;
}

Result<void> PriceUse::open(LedgerStore& store) {
  MB_TRY(const Dictionary names, store.dictionary());
  std::set<std::pair<MeterKey, Slot>> segments;
  for (const auto& [machine, name] : names.machines) {
    MB_TRY(const auto totals, store.totals(machine));
    for (const auto& [key, quantity] : totals) segments.insert({key.meter, key.segment});
  }
  for (const auto& [meter, segment] : segments) used(names.meters.at(meter), segment);
  return compare(store);
}

void PriceUse::used(const MeterName& meter, Slot segment) {
  const PriceVersion* version = book_.price_version_at(meter, segment);
  if (version != nullptr && known_.insert(version).second) waiting_.push_back(version);
}

Result<void> PriceUse::remember(LedgerStore& store) {
  if (waiting_.empty()) return ok();
  std::vector<PriceVersionUse> used;
  for (const PriceVersion* version : waiting_) used.push_back(use_of(*version, sha256_hex_));
  MB_TRYV(store.remember_prices(used));
  waiting_.clear();
  return compare(store);
}

/// What was used and what stands in the book now.
Result<void> PriceUse::compare(LedgerStore& store) {
  MB_TRY(const auto used, store.price_versions());
  warnings_.with([&](auto& warnings) { warnings = price_warnings(book_, used, sha256_hex_); });
  return ok();
}

std::vector<std::string> PriceUse::warnings() const {
  return warnings_.with([](const std::vector<std::string>& warnings) { return warnings; });
}

}  // namespace meterbill
