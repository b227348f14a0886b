#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "domain/price_book.h"

namespace meterbill {

/// SHA-256 of bytes as 64 hex digits: `domain` computes no digests itself.
using Sha256Hex = std::function<std::string(std::string_view)>;

/// A price version that has priced usage, as a ledger remembers it.
struct PriceVersionUse {
  std::string meter;
  std::string unit;
  std::string scopes;  ///< "machine" or "parts"
  std::string from;    ///< "2026-01-01T00:00:00Z"; "" = since always
  std::string digest;  ///< SHA-256 of the row as text, hex
};

[[nodiscard]] PriceVersionUse use_of(const PriceVersion& version, const Sha256Hex& sha256_hex);

/// A used price version that a book no longer has as it was: prices are append-only, so bills of
/// the past would read differently.
struct ChangedPrice {
  PriceVersionUse used;
  bool is_dropped = false;  ///< false: it is there with another price
};

/// The used versions that `book` has edited or dropped, in the order of `used`.
[[nodiscard]] std::vector<ChangedPrice> changed_prices(const PriceBook& book,
                                                       std::span<const PriceVersionUse> used,
                                                       const Sha256Hex& sha256_hex);

/// "the price of cpu per core_hour since 2026-01-01 was edited after it was used: put …": for logs
/// and statements. The date is local in `zone`, with its time when it is not midnight there.
[[nodiscard]] std::string to_text(const ChangedPrice& price, const TimeZone& zone);

}  // namespace meterbill
