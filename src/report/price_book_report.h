#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "domain/price_version_use.h"

namespace meterbill {

/// What became of the price versions that have priced usage.
struct UsedPrices {
  std::string ledger;     ///< whose: a worker's address, or the path of its ledger
  std::size_t count = 0;  ///< how many have
  std::vector<ChangedPrice> changed;
};

/// A price book for people: one row for each price version. `digest` is the SHA-256 of
/// PriceBook::text(). `used`: null when not known.
[[nodiscard]] std::string price_book_text(const PriceBook& book, std::string_view source,
                                          std::string_view digest,
                                          const UsedPrices* used = nullptr);

/// The same for programs; `text` in it is what the digest was made of.
[[nodiscard]] std::string price_book_json(const PriceBook& book, std::string_view source,
                                          std::string_view digest,
                                          const UsedPrices* used = nullptr);

}  // namespace meterbill
