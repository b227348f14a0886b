#pragma once

#include <string>
#include <string_view>

#include "domain/price_book.h"

namespace meterbill {

/// A price book for people: one row for each price version. `digest` is the SHA-256 of
/// PriceBook::text().
[[nodiscard]] std::string price_book_text(const PriceBook& book, std::string_view source,
                                          std::string_view digest);

/// The same for programs; `text` in it is what the digest was made of.
[[nodiscard]] std::string price_book_json(const PriceBook& book, std::string_view source,
                                          std::string_view digest);

}  // namespace meterbill
