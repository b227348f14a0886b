#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace meterbill {

/// A day of the calendar somewhere.
using LocalDate = std::chrono::year_month_day;

/// What the clock on the wall shows, and how far it is ahead of UTC.
struct LocalTime {
  LocalDate date;
  int hour = 0;
  int minute = 0;
  int second = 0;
  std::int64_t offset_seconds = 0;
};

/// Which rules were used, so that a bill can be computed again: part of its inputs (invariant 5).
struct ZoneData {
  std::string name;     ///< `Europe/Berlin`
  std::string version;  ///< of the tz database, e.g. "2025b"; empty when unknown, and for UTC
  std::string digest;   ///< SHA-256 of the zone's data, 64 hex digits; empty for UTC: it has none
};

/// The rules of one IANA time zone. Immutable; safe from any thread.
class TimeZone {
 public:
  virtual ~TimeZone() = default;
  /// The first instant of that date: 00:00, or when clocks are moved over it, the instant after;
  /// when 00:00 comes twice, the first. REQUIRES: date.ok(), a year from 1900 to 2500.
  [[nodiscard]] virtual UtcTime start_of(LocalDate date) const = 0;
  [[nodiscard]] virtual LocalTime local(UtcTime time) const = 0;
  [[nodiscard]] virtual const ZoneData& data() const = 0;
};

/// Where zones come from. Safe from any thread.
class TimeZoneDatabase {
 public:
  virtual ~TimeZoneDatabase() = default;
  /// kNotFound names the nearest zone; kUnavailable when there is no tz database, with the remedy.
  [[nodiscard]] virtual Result<std::shared_ptr<const TimeZone>> find(
      std::string_view name) const = 0;
};

/// UTC needs no data and works where no tz database is installed.
[[nodiscard]] std::shared_ptr<const TimeZone> utc_zone();

/// "2026-11-22".
[[nodiscard]] std::string to_string(LocalDate date);

/// "2026-11-22 15:30 +01:00", for people; seconds when they are not 0.
[[nodiscard]] std::string local_text(const TimeZone& zone, UtcTime time);

/// "2026-11-22" for the first instant of that local day, else as local_text.
[[nodiscard]] std::string local_date_text(const TimeZone& zone, UtcTime time);

/// "2026-11-22T15:30:00+01:00" (RFC 3339), for programs.
[[nodiscard]] std::string local_rfc3339(const TimeZone& zone, UtcTime time);

}  // namespace meterbill
