#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "domain/slot.h"
#include "domain/time_zone.h"

namespace meterbill {

/// A window to be billed: whole days or months of a time zone, cut into slots.
struct Period {
  std::string text;  ///< `2026-11`, `2026-11-22`, `2026-10..2026-11`: reads back as the same period
  std::string title;  ///< `November 2026`
  SlotRange slots;
  friend bool operator==(const Period&, const Period&) = default;
};

/// Reads "2026-11", "2026-11-22", "this-month", "last-month" (of `now`), or two of them with ".."
/// between: from the start of the first to the end of the second. kInvalid for anything else, and
/// for a period that does not begin and end on a slot.
[[nodiscard]] Result<Period> parse_period(std::string_view text, const TimeZone& zone, UtcTime now);

/// The calendar month of `zone` that an instant lies in.
[[nodiscard]] Result<Period> month_of(UtcTime time, const TimeZone& zone);

/// From the start of one to the end of the other. kInvalid if that is nothing.
[[nodiscard]] Result<Period> join(const Period& first, const Period& last);

/// Reads "2026-11-22". kInvalid for a date that is not in the calendar.
[[nodiscard]] Result<LocalDate> parse_date(std::string_view text);

/// The slot that begins at that instant. kInvalid with `what` and the instant when none does.
[[nodiscard]] Result<Slot> slot_at(UtcTime time, std::string_view what);

}  // namespace meterbill
