#pragma once

#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/guarded.h"
#include "domain/price_book.h"
#include "ports/ledger_store.h"

namespace meterbill {

/// Remembers in the ledger the digest of every price version that has priced usage. Prices are
/// append-only: a version that was used and reads differently now has been edited, and every
/// statement says so.
///
/// `open` and `used` from the apply thread, `warnings` from any.
class PriceUse {
 public:
  /// `book` outlives the object. `sha256_hex` digests a version's text.
  PriceUse(const PriceBook& book, std::function<std::string(std::string_view)> sha256_hex)
      : book_(book), sha256_hex_(std::move(sha256_hex)) {}

  /// Looks at everything that has been totalled so far: what a crash kept from being remembered is
  /// made good.
  [[nodiscard]] Result<void> open(LedgerStore& store);

  /// A total began in that segment of that meter.
  [[nodiscard]] Result<void> used(LedgerStore& store, const MeterName& meter, Slot segment);

  /// "price of cpu since 2026-01-01 was edited after it was used": for logs and statements.
  [[nodiscard]] std::vector<std::string> warnings() const;

 private:
  Result<void> remember(LedgerStore& store, const std::vector<const PriceVersion*>& versions);

  const PriceBook& book_;
  std::function<std::string(std::string_view)> sha256_hex_;
  std::set<const PriceVersion*> known_;
  Guarded<std::set<std::string>> warnings_;
};

}  // namespace meterbill
