#pragma once

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "base/result.h"
#include "domain/money.h"
#include "domain/names.h"
#include "domain/price_book.h"
#include "domain/slot.h"

namespace meterbill {

/// What a line is about (design §2, without account and tier). Ordered as lines are shown.
struct LineKey {
  MachineId machine;
  ScopeName scope;
  std::string labels;  ///< to_text(Labels)
  MeterName meter;
  Slot segment;  ///< first slot of the price segment
  friend bool operator==(const LineKey&, const LineKey&) = default;
  friend bool operator<(const LineKey& a, const LineKey& b);
};

/// A quantity with its price: the row of statements and invoices.
struct Line {
  LineKey key;
  PriceVersion version;
  Int128 base = 0;      ///< base units of the meter
  Int128 quantity = 0;  ///< of the price's unit, whole 10^-quantity_decimals
  Cost cost;            ///< quantity × price, exact
  Amount amount;        ///< the cost, rounded
};

/// A quantity of a meter that had no price then: shown, not dropped.
struct UnpricedLine {
  LineKey key;
  Unit unit;  ///< the meter's first
  Int128 base = 0;
  Int128 quantity = 0;
};

/// Base units of what a meter's price leaves out, because it bills the machine and this is of the
/// parts, or the other way round. Most of it is in the lines all the same: the parts are of the
/// machine. What an application reports of a part itself is not.
struct NotBilled {
  std::map<MeterName, Int128, MeterOrder> of_machine;
  std::map<MeterName, Int128, MeterOrder> of_parts;
};

/// What usage comes to. `total` is the sum of the lines' amounts, `exact_total` of their costs.
struct Bill {
  Currency currency;
  int quantity_decimals = kQuantityDecimalsMax;
  std::vector<Line> lines;
  std::vector<UnpricedLine> unpriced;
  std::map<MachineId, NotBilled> not_billed;
  Cost exact_total;
  Amount total;
};

/// Turns quantities into a bill: a pure function of what was added and the book, in whatever order
/// it was added. Quantities are added up per line first and rounded once; rounding each reading
/// would make the bill depend on how often the agent reports. Not thread-safe; keeps a reference to
/// the book.
class Rating {
 public:
  explicit Rating(const PriceBook& book) : book_(book) {}

  /// `slot` is any slot of the segment; `base` in base units of the meter, 0 or more. Scopes the
  /// price does not bill are `not_billed`, views left out. kOverflow past 127 bits, kInvalid for a
  /// negative quantity.
  [[nodiscard]] Result<void> add(const MachineId& machine, const ScopeName& scope,
                                 const std::string& labels, const MeterName& meter, Slot slot,
                                 Int128 base);

  [[nodiscard]] Result<Bill> finish() const;

 private:
  const PriceBook& book_;
  std::map<LineKey, Int128> priced_;
  std::map<LineKey, Int128> unpriced_;
  std::map<MachineId, NotBilled> not_billed_;
};

}  // namespace meterbill
