#include "domain/rating.h"

#include <fmt/format.h>

#include "base/assert.h"

namespace meterbill {

bool operator<(const LineKey& a, const LineKey& b) {
  const auto before_meter = [](const LineKey& key) {
    return std::tie(key.machine, key.scope, key.labels);
  };
  if (before_meter(a) != before_meter(b)) return before_meter(a) < before_meter(b);
  if (a.meter != b.meter) return MeterOrder{}(a.meter, b.meter);
  return a.segment < b.segment;
}

Result<void> Rating::add(const MachineId& machine, const ScopeName& scope,
                         const std::string& labels, const MeterName& meter, Slot slot,
                         Int128 base) {
  if (base < 0)
    return fail(Code::kInvalid, fmt::format("{} of {}: usage is never negative: {}", meter.str(),
                                            machine.str(), to_string(base)));
  if (is_view(scope)) return ok();
  const PriceVersion* version = book_.price_version_at(meter, slot);
  if (version != nullptr && !bills(*version, scope)) {
    NotBilled& left_out = not_billed_[machine];
    Int128& sum = (scope == machine_scope() ? left_out.of_machine : left_out.of_parts)[meter];
    MB_TRY(sum, in(machine.str(), meterbill::add(sum, base)));
    return ok();
  }
  Int128& sum =
      (version == nullptr
           ? unpriced_
           : priced_)[LineKey{machine, scope, labels, meter, book_.segment_start(meter, slot)}];
  MB_TRY(sum, in(machine.str(), meterbill::add(sum, base)));
  return ok();
}

Result<Bill> Rating::finish() const {
  const int decimals = book_.quantity_decimals();
  Bill bill{.currency = book_.currency(),
            .quantity_decimals = decimals,
            .lines = {},
            .unpriced = {},
            .not_billed = not_billed_,
            .exact_total = {},
            .total = {}};
  for (const auto& [key, base] : priced_) {
    const PriceVersion* version = book_.price_version_at(key.meter, key.segment);
    MB_ASSERT(version != nullptr);
    const std::string where = key.machine.str() + ", " + key.meter.str();
    MB_TRY(const Int128 quantity, in(where, quantity_in(version->unit, base, decimals)));
    MB_TRY(const Cost cost, in(where, cost_of(quantity, decimals, version->price)));
    MB_TRY(const Amount amount, in(where, rounded(cost, bill.currency)));
    MB_TRY(bill.exact_total, meterbill::add(bill.exact_total, cost));
    MB_TRY(bill.total, meterbill::add(bill.total, amount));
    bill.lines.push_back(Line{key, *version, base, quantity, cost, amount});
  }
  for (const auto& [key, base] : unpriced_) {
    const Unit unit = meter_kind(key.meter).units.front();
    MB_TRY(const Int128 quantity, in(key.machine.str(), quantity_in(unit, base, decimals)));
    bill.unpriced.push_back(UnpricedLine{key, unit, base, quantity});
  }
  return bill;
}

}  // namespace meterbill
