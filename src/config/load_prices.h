#pragma once

#include <string>

#include "base/result.h"
#include "domain/price_version_use.h"
#include "domain/time_zone.h"

namespace meterbill {

/// The price book that a program works with, and what statements say of it.
struct LoadedPrices {
  PriceBook book;
  std::string name;    ///< path of the file, or kBuiltInPrices
  std::string digest;  ///< SHA-256 of PriceBook::text(), hex
};

/// Reads a price file; an empty `path` stands for the built-in prices. kConfig: all that is wrong
/// with it; kNotFound, kPermission, kIo; kInvalid when it is too large.
[[nodiscard]] Result<LoadedPrices> load_prices(const std::string& path,
                                               const TimeZoneDatabase& zones,
                                               const Sha256Hex& sha256_hex);

}  // namespace meterbill
