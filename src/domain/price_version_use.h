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

/// A price version that has priced usage, as a ledger remembers it. Or a term that all prices of
/// the book share: then `meter`, `scopes` and `from` are empty, `unit` is its name in prices.toml
/// and `digest` its value as text.
struct PriceVersionUse {
  std::string meter;
  std::string unit;
  std::string scopes;  ///< "machine" or "parts"
  std::string from;    ///< "2026-01-01T00:00:00Z"; "" = since always
  std::string digest;  ///< SHA-256 of the row as text, hex

  [[nodiscard]] bool is_term() const { return meter.empty(); }
};

[[nodiscard]] PriceVersionUse use_of(const PriceVersion& version, const Sha256Hex& sha256_hex);

/// What bills depend on besides the price versions: `currency` with its decimals, `time_zone` with
/// a digest of where its months begin, and `quantity_decimals`.
[[nodiscard]] std::vector<PriceVersionUse> terms_of(const PriceBook& book,
                                                    const Sha256Hex& sha256_hex);

/// A used price version, or term, that a book no longer has as it was: prices are append-only, so
/// bills of the past would read differently.
struct ChangedPrice {
  PriceVersionUse used;
  bool is_dropped = false;  ///< false: it is there with another price
  std::string was = {};     ///< of a term, for people: when it was used first
  std::string is = {};      ///< of a term: in the book
};

/// The used versions and terms that `book` has edited or dropped, in the order of `used`.
[[nodiscard]] std::vector<ChangedPrice> changed_prices(const PriceBook& book,
                                                       std::span<const PriceVersionUse> used,
                                                       const Sha256Hex& sha256_hex);

/// "the price of cpu per core_hour since 2026-01-01 was edited after it was used: put …": for logs
/// and statements; or "the currency of the prices was changed from …". The date is local in `zone`,
/// with its time when it is not midnight there.
[[nodiscard]] std::string to_text(const ChangedPrice& price, const TimeZone& zone);

}  // namespace meterbill
