#pragma once

#include <string>

#include "domain/statement.h"
#include "domain/time_zone.h"

namespace meterbill {

/// A statement for people: fits 80 columns unless numbers or names are longer. `zone` is the price
/// book's.
[[nodiscard]] std::string statement_text(const Statement& statement, const TimeZone& zone);

/// The same for programs: money and quantities as exact decimal strings, meters not billed
/// (capacities, uptime) included. Digests are SHA-256: `prices.sha256` that of PriceBook::text(),
/// which `meterbill prices check --json` prints as "text"; `time_zone_data.sha256` that of the
/// zone's data, null for UTC, which needs none.
[[nodiscard]] std::string statement_json(const Statement& statement, const TimeZone& zone);

/// One row for each line, unpriced quantity, quantity not billed, held or discarded, kind of time
/// (its seconds, and its share in percent) and clock step (the seconds metered and estimated in
/// that slot).
[[nodiscard]] std::string statement_csv(const Statement& statement, const TimeZone& zone);

/// Since when a price version holds: "always", the local date, or the local time when it is not
/// midnight.
[[nodiscard]] std::string since_text(const PriceVersion& version, const TimeZone& zone);

}  // namespace meterbill
