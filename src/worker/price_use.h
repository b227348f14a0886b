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
/// `warnings` from any thread, all else from the apply thread.
class PriceUse {
 public:
  /// `book` outlives the object. `sha256_hex` digests a version's text.
  PriceUse(const PriceBook& book, std::function<std::string(std::string_view)> sha256_hex)
      : book_(book), sha256_hex_(std::move(sha256_hex)) {}

  /// Looks at everything that has been totalled so far: what a crash kept from being remembered is
  /// made good by the next `remember`.
  [[nodiscard]] Result<void> open(LedgerStore& store);

  /// A total began in that segment of that meter.
  void used(const MeterName& meter, Slot segment);

  /// Writes down what was used; what cannot be written (a full disk) is written the next time.
  [[nodiscard]] Result<void> remember(LedgerStore& store);

  /// "price of cpu since 2026-01-01 was edited after it was used": for logs and statements.
  [[nodiscard]] std::vector<std::string> warnings() const;

 private:
  const PriceBook& book_;
  std::function<std::string(std::string_view)> sha256_hex_;
  std::set<const PriceVersion*> known_;
  std::vector<const PriceVersion*> waiting_;  ///< known, but not yet remembered
  Guarded<std::set<std::string>> warnings_;
};

}  // namespace meterbill
