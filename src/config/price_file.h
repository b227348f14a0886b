#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "domain/price_book.h"
#include "domain/time_zone.h"

namespace meterbill {

/// One thing wrong with a price file.
struct PriceProblem {
  int line = 0;         ///< from 1; 0: of the file as a whole
  std::string message;  ///< what is wrong
  std::string remedy;   ///< what to write instead
};

/// "line 6: price is a number …: write price = "0.05"".
[[nodiscard]] std::string to_string(const PriceProblem& problem);

/// The outcome of reading a price file: a book, or everything that is wrong with it, by line.
struct PriceFile {
  std::optional<PriceBook> book;  ///< there exactly when there is no problem
  std::vector<PriceProblem> problems;
};

/// All of them in one kConfig, a line each, with the file's name.
[[nodiscard]] Error problems_error(std::string_view file,
                                   const std::vector<PriceProblem>& problems);

/// Reads the text of a prices.toml (etc/prices.toml describes the format).
[[nodiscard]] PriceFile read_price_file(std::string_view text, const TimeZoneDatabase& zones);

/// The same for who needs a book or nothing: all problems in one kConfig, each with `file`.
[[nodiscard]] Result<PriceBook> parse_prices(std::string_view text, std::string_view file,
                                             const TimeZoneDatabase& zones);

/// The price file that holds without one: the text of etc/prices.toml.
[[nodiscard]] std::string_view built_in_prices();

/// How statements name it.
inline constexpr const char* kBuiltInPrices = "built in";

}  // namespace meterbill
