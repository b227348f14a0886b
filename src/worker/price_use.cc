#include "worker/price_use.h"

#include <algorithm>

namespace meterbill {
namespace {

bool is_of_same_version(const PriceVersionUse& a, const PriceVersionUse& b) {
  return a.meter == b.meter && a.unit == b.unit && a.scopes == b.scopes && a.from == b.from;
}

}  // namespace

std::vector<std::string> price_warnings(const PriceBook& book,
                                        std::span<const PriceVersionUse> used,
                                        const Sha256Hex& sha256_hex) {
  std::vector<std::string> warnings;
  for (const ChangedPrice& price : changed_prices(book, used, sha256_hex))
    warnings.push_back(to_text(price, book.zone()));
  return warnings;
}

Result<void> PriceUse::open(LedgerReader& ledger) {
  MB_TRY(used_, ledger.price_versions());
  warnings_.with([&](auto& warnings) { warnings = price_warnings(*book_, used_, sha256_hex_); });
  return ok();
}

void PriceUse::use(const PriceBook& book) {
  book_ = &book;
  terms_ = terms_of(book, sha256_hex_);
  warnings_.with([&](auto& warnings) { warnings = price_warnings(book, used_, sha256_hex_); });
}

std::vector<PriceVersionUse> PriceUse::first_used(
    const std::set<std::pair<MeterName, Slot>>& segments) const {
  std::set<const PriceVersion*> versions;
  for (const auto& [meter, segment] : segments)
    if (const PriceVersion* version = book_->price_version_at(meter, segment))
      versions.insert(version);
  std::vector<PriceVersionUse> first;
  for (const PriceVersion* version : versions) {
    PriceVersionUse use = use_of(*version, sha256_hex_);
    const auto is_this = [&](const PriceVersionUse& known) {
      return is_of_same_version(known, use);
    };
    if (std::ranges::none_of(used_, is_this)) first.push_back(std::move(use));
  }
  const bool any_used = !used_.empty() || !first.empty();
  if (any_used && std::ranges::none_of(used_, &PriceVersionUse::is_term))
    first.insert(first.end(), terms_.begin(), terms_.end());
  return first;
}

/// No warning can come of it: they are of the book as it stands.
void PriceUse::remember(std::span<const PriceVersionUse> committed) {
  used_.insert(used_.end(), committed.begin(), committed.end());
}

std::vector<std::string> PriceUse::warnings() const {
  return warnings_.with([](const std::vector<std::string>& warnings) { return warnings; });
}

}  // namespace meterbill
