#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace meterbill {

/// A quarter hour of UTC, half-open, named by its start. All billing happens in whole slots: every
/// boundary of a period, price or rule falls on one, so that a reading never has to be divided.
class Slot {
 public:
  static constexpr std::int64_t kSeconds = 900;
  static constexpr std::int64_t kMicroseconds = kSeconds * 1'000'000;

  constexpr Slot() = default;

  /// The slot an instant lies in; an instant on a boundary belongs to the slot that begins there.
  [[nodiscard]] static constexpr Slot containing(UtcTime time) {
    const std::int64_t index = time.us / kMicroseconds - (time.us % kMicroseconds < 0 ? 1 : 0);
    return Slot{index};
  }
  /// From unix seconds. kInvalid when they are not on a quarter hour.
  [[nodiscard]] static Result<Slot> from_unix_seconds(std::int64_t seconds);
  /// Reads "2026-11-22T10:15:00Z" and nothing else.
  [[nodiscard]] static Result<Slot> parse(std::string_view text);

  [[nodiscard]] constexpr UtcTime start() const { return {index_ * kMicroseconds}; }
  [[nodiscard]] constexpr UtcTime end() const { return {(index_ + 1) * kMicroseconds}; }
  [[nodiscard]] constexpr std::int64_t unix_seconds() const { return index_ * kSeconds; }
  [[nodiscard]] constexpr Slot next() const { return Slot{index_ + 1}; }
  [[nodiscard]] constexpr Slot plus(std::int64_t slots) const { return Slot{index_ + slots}; }
  /// Number of slots from `earlier` to this one.
  [[nodiscard]] constexpr std::int64_t since(Slot earlier) const { return index_ - earlier.index_; }

  friend constexpr auto operator<=>(Slot, Slot) = default;

 private:
  constexpr explicit Slot(std::int64_t index) : index_(index) {}
  std::int64_t index_ = 0;  // quarter hours since 1970
};

/// "2026-11-22T10:15:00Z".
[[nodiscard]] std::string to_string(Slot slot);

/// Half-open run of slots: `begin` is in it, `end` is not.
struct SlotRange {
  Slot begin;
  Slot end;
  [[nodiscard]] constexpr bool contains(Slot slot) const { return begin <= slot && slot < end; }
  friend constexpr auto operator<=>(const SlotRange&, const SlotRange&) = default;
};

/// 2000 to 2199. What lies outside is a slip of a clock, never usage; all arithmetic with slots
/// fits.
inline constexpr SlotRange kCalendar{Slot::containing({946'684'800'000'000}),
                                     Slot::containing({7'258'118'400'000'000})};

/// Reads an RFC 3339 instant in UTC: "2026-11-22T10:15:00Z", fraction of up to 6 digits allowed
/// (more is cut), offsets
/// "+01:00" allowed. kInvalid otherwise.
[[nodiscard]] Result<UtcTime> parse_utc(std::string_view text);

}  // namespace meterbill
