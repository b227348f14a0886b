#pragma once

#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/guarded.h"
#include "domain/price_book.h"
#include "ports/ledger_store.h"

namespace meterbill {

/// What statements and status say about used price versions that the book no longer has as they
/// were, a sentence each.
[[nodiscard]] std::vector<std::string> price_warnings(const PriceBook& book,
                                                      std::span<const PriceVersionUse> used,
                                                      const Sha256Hex& sha256_hex);

/// Remembers in the ledger the digest of every price version that has priced usage. Prices are
/// append-only: a version that was used and reads differently now, or is gone, has been changed
/// under bills that may be paid, and every statement says so.
///
/// `warnings` from any thread, all else from the apply thread.
class PriceUse {
 public:
  /// `book` outlives the object.
  PriceUse(const PriceBook& book, Sha256Hex sha256_hex)
      : book_(book), sha256_hex_(std::move(sha256_hex)) {}

  /// Looks at everything that has been totalled so far: what a crash kept from being remembered is
  /// made good by the next `remember`.
  [[nodiscard]] Result<void> open(LedgerStore& store);

  /// A total began in that segment of that meter.
  void used(const MeterName& meter, Slot segment);

  /// Writes down what was used; what cannot be written (a full disk) is written the next time.
  [[nodiscard]] Result<void> remember(LedgerStore& store);

  /// price_warnings of what is remembered.
  [[nodiscard]] std::vector<std::string> warnings() const;

 private:
  Result<void> compare(LedgerStore& store);

  const PriceBook& book_;
  Sha256Hex sha256_hex_;
  std::set<const PriceVersion*> known_;
  std::vector<const PriceVersion*> waiting_;  ///< known, but not yet remembered
  Guarded<std::vector<std::string>> warnings_;
};

}  // namespace meterbill
