#include "adapters/sqlite/segment_totals.h"

#include <cstdint>
#include <utility>

#include "wire/packed.h"

namespace meterbill {
namespace {

constexpr std::uint8_t kVersion = 1;

}  // namespace

std::string pack(const SegmentTotals& totals) {
  PackedWriter out(kVersion);
  out.number(totals.size());
  TotalPlace previous;
  for (const auto& [place, quantity] : totals) {
    out.integer(place.scope.value - previous.scope.value);
    out.integer(place.labels.value - previous.labels.value);
    out.integer(place.meter.value - previous.meter.value);
    out.wide_integer(quantity);
    previous = place;
  }
  return std::move(out).finish();
}

Result<SegmentTotals> unpack_totals(std::string_view bytes) {
  MB_TRY(PackedReader in, PackedReader::open(bytes, kVersion, "totals"));
  SegmentTotals totals;
  const std::uint64_t count = in.count();
  totals.reserve(count);
  TotalPlace place;
  for (std::uint64_t i = 0; i < count && in.sound(); ++i) {
    const auto next = [&](std::int64_t& key) {
      return !__builtin_add_overflow(key, in.integer(), &key);
    };
    const bool fits =
        next(place.scope.value) && next(place.labels.value) && next(place.meter.value);
    if (!fits || (i > 0 && place <= std::prev(totals.end())->first))
      return fail(Code::kDamaged, "stored totals are not in order");
    totals.emplace_hint(totals.end(), place, in.wide_integer());
  }
  MB_TRYV(in.finish());
  return totals;
}

}  // namespace meterbill
