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

/// Knows which price versions have priced usage: the ledger remembers the digest of each, in the
/// transaction that uses it first. Prices are append-only: a version that was used and reads
/// differently now, or is gone, has been changed under bills that may be paid, and every statement
/// says so.
///
/// `warnings` from any thread, all else from the apply thread.
class PriceUse {
 public:
  /// `book` outlives the object, or the next one that it is given.
  PriceUse(const PriceBook& book, Sha256Hex sha256_hex)
      : book_(&book), sha256_hex_(std::move(sha256_hex)), terms_(terms_of(book, sha256_hex_)) {}

  /// Another book from now on.
  void use(const PriceBook& book);
  [[nodiscard]] const PriceBook& book() const { return *book_; }

  /// Learns what the ledger remembers, and so what was changed since.
  [[nodiscard]] Result<void> open(LedgerReader& ledger);

  /// The versions that price totals of these meters and segments and are not remembered yet: for
  /// the write set in which those totals begin. With the first version of all come the terms; for
  /// no segments at all they come when versions were remembered without them, as once was done.
  [[nodiscard]] std::vector<PriceVersionUse> first_used(
      const std::set<std::pair<MeterName, Slot>>& segments) const;

  /// These were committed.
  void remember(std::span<const PriceVersionUse> committed);

  /// price_warnings of what is remembered.
  [[nodiscard]] std::vector<std::string> warnings() const;

 private:
  const PriceBook* book_;
  Sha256Hex sha256_hex_;
  std::vector<PriceVersionUse> terms_;
  std::vector<PriceVersionUse> used_;  ///< as the ledger remembers them
  Guarded<std::vector<std::string>> warnings_;
};

}  // namespace meterbill
