#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/openssl/sha256.h"
#include "adapters/time_zone/host_time_zones.h"
#include "domain/price_book.h"

namespace meterbill {

inline std::shared_ptr<const TimeZone> zone(std::string_view name) {
  static const HostTimeZones kZones{sha256_hex};
  return kZones.find(name).value();
}

inline UtcTime at(std::string_view text) { return parse_utc(text).value(); }
inline Slot slot(std::string_view text) { return Slot::parse(text).value(); }

/// A version; `from` empty: since always.
inline PriceVersion version(const char* meter, const char* unit, const char* price,
                            std::string_view from = "",
                            BilledScopes scopes = BilledScopes::kMachine) {
  return {MeterName{meter}, find_unit(MeterName{meter}, unit).value(), scopes,
          from.empty() ? std::nullopt : std::optional(slot(from)), Price::parse(price).value()};
}

inline PriceBook book_of(std::vector<PriceVersion> versions, std::string_view zone_name = "UTC",
                         std::string_view currency = "USD") {
  return PriceBook::create(
             {Currency::parse(currency).value(), zone(zone_name), 9, std::move(versions)})
      .value();
}

}  // namespace meterbill
