#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "domain/money.h"
#include "domain/names.h"
#include "domain/slot.h"
#include "domain/time_zone.h"
#include "domain/unit.h"

namespace meterbill {

/// Which scopes a price bills. Both together would bill each use twice.
enum class BilledScopes {
  kMachine,  ///< scope `machine` alone
  kParts,    ///< every scope but `machine` and views
};

/// One immutable row of the price book.
struct PriceVersion {
  MeterName meter;
  Unit unit;
  BilledScopes scopes = BilledScopes::kMachine;
  std::optional<Slot> from;  ///< absent: since always
  Price price;
};

[[nodiscard]] bool bills(const PriceVersion& version, const ScopeName& scope);

/// "price cpu core_hour machine 2026-01-01T00:00:00Z 0.02": one line, equal for equal versions, of
/// which a digest is made.
[[nodiscard]] std::string to_text(const PriceVersion& version);

/// Meters as they are shown: those we know in their order, then all others by name.
struct MeterOrder {
  bool operator()(const MeterName& a, const MeterName& b) const;
};

/// Dated prices of one currency. Cuts time into price segments: maximal runs of slots of one
/// calendar month of the book's zone and one price version of the meter. Usage adds up within a
/// segment without a price being looked at, which is why the worker can keep one running total for
/// each. Month boundaries are computed once, from 2000 to 2199, because they are asked for with
/// every reading. Immutable; safe from any thread.
class PriceBook {
 public:
  struct Definition {
    Currency currency;
    std::shared_ptr<const TimeZone> zone;
    int quantity_decimals = kQuantityDecimalsMax;
    std::vector<PriceVersion> versions;  ///< in any order
  };

  /// kInvalid: two versions of a meter from the same slot, quantity_decimals out of range, a month
  /// of the zone that does not begin on a slot.
  [[nodiscard]] static Result<PriceBook> create(Definition definition);

  [[nodiscard]] const Currency& currency() const { return currency_; }
  [[nodiscard]] const TimeZone& zone() const { return *zone_; }
  [[nodiscard]] int quantity_decimals() const { return quantity_decimals_; }

  /// The newest version at or before the slot; null when the meter has no price then. Lives as long
  /// as the book.
  [[nodiscard]] const PriceVersion* price_version_at(const MeterName& meter, Slot slot) const;

  /// The first slot of the segment the slot lies in. Before 2000 and from 2200 on all is one
  /// period.
  [[nodiscard]] Slot segment_start(const MeterName& meter, Slot slot) const;

  /// All versions, by MeterOrder, then from.
  [[nodiscard]] std::vector<PriceVersion> versions() const;

  /// Where segments begin and which version prices each, without its price, as text: totals kept by
  /// segment, and what is remembered of the versions they used, stand as long as it is equal.
  [[nodiscard]] std::string segments_text() const;

  /// Where months begin in the book's zone, as text.
  [[nodiscard]] std::string months_text() const;

  /// Everything a bill depends on, as text: what the digest of the prices is made of. Independent
  /// of comments and order in the file.
  [[nodiscard]] std::string text() const;

 private:
  PriceBook(Definition definition, std::vector<Slot> month_starts);
  [[nodiscard]] Slot month_start(Slot slot) const;

  Currency currency_;
  std::shared_ptr<const TimeZone> zone_;
  int quantity_decimals_;
  std::map<MeterName, std::vector<PriceVersion>, MeterOrder> by_meter_;  // each sorted by from
  std::vector<Slot> month_starts_;
};

}  // namespace meterbill
