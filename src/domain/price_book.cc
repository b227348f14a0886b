#include "domain/price_book.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "domain/period.h"

namespace meterbill {
namespace {

constexpr std::chrono::year kFirstYear{2000};
constexpr int kMonths = 200 * 12;

std::string_view to_string(BilledScopes scopes) {
  return scopes == BilledScopes::kMachine ? "machine" : "parts";
}

std::size_t rank(const MeterName& meter) {
  const auto known = known_meters();
  const auto found = std::ranges::find(known, meter.str(), &MeterKind::name);
  return static_cast<std::size_t>(std::distance(known.begin(), found));
}

Result<std::vector<Slot>> compute_month_starts(const TimeZone& zone) {
  using namespace std::chrono;
  std::vector<Slot> starts;
  starts.reserve(kMonths + 1);
  year_month month = kFirstYear / January;
  for (int i = 0; i <= kMonths; ++i, month += months{1}) {
    const LocalDate first = month / day{1};
    MB_TRY(const Slot start, slot_at(zone.start_of(first),
                                     fmt::format("time zone {}: the start of {}", zone.data().name,
                                                 meterbill::to_string(first))));
    starts.push_back(start);
  }
  return starts;
}

}  // namespace

bool bills(const PriceVersion& version, const ScopeName& scope) {
  if (version.scopes == BilledScopes::kMachine) return scope == machine_scope();
  return scope != machine_scope() && !is_view(scope);
}

std::string to_text(const PriceVersion& version) {
  return fmt::format("price {} {} {} {} {}", version.meter.str(), version.unit.name,
                     to_string(version.scopes), version.from ? to_string(*version.from) : "always",
                     to_string(version.price));
}

bool MeterOrder::operator()(const MeterName& a, const MeterName& b) const {
  return std::pair(rank(a), std::string_view(a.str())) <
         std::pair(rank(b), std::string_view(b.str()));
}

PriceBook::PriceBook(Definition definition, std::vector<Slot> month_starts)
    : currency_(definition.currency),
      zone_(std::move(definition.zone)),
      quantity_decimals_(definition.quantity_decimals),
      month_starts_(std::move(month_starts)) {
  for (PriceVersion& version : definition.versions)
    by_meter_[version.meter].push_back(std::move(version));
  for (auto& [meter, versions] : by_meter_)
    std::ranges::sort(versions, {}, &PriceVersion::from);  // absent sorts before any slot
}

Result<PriceBook> PriceBook::create(Definition definition) {
  if (definition.quantity_decimals < 0 || definition.quantity_decimals > kQuantityDecimalsMax)
    return fail(Code::kInvalid, fmt::format("quantity_decimals is {}: it goes from 0 to {}",
                                            definition.quantity_decimals, kQuantityDecimalsMax));
  MB_TRY(auto month_starts, compute_month_starts(*definition.zone));
  PriceBook book{std::move(definition), std::move(month_starts)};
  for (const auto& [meter, versions] : book.by_meter_) {
    const auto twin = std::ranges::adjacent_find(versions, {}, &PriceVersion::from);
    if (twin != versions.end())
      return fail(Code::kInvalid,
                  fmt::format("meter {} has two prices from {}; give one of them another date",
                              meter.str(), twin->from ? to_string(*twin->from) : "always"));
  }
  return book;
}

const PriceVersion* PriceBook::price_version_at(const MeterName& meter, Slot slot) const {
  const auto found = by_meter_.find(meter);
  if (found == by_meter_.end()) return nullptr;
  const auto& versions = found->second;
  const auto after =
      std::ranges::upper_bound(versions, std::optional(slot), {}, &PriceVersion::from);
  return after == versions.begin() ? nullptr : &*std::prev(after);
}

Slot PriceBook::month_start(Slot slot) const {
  const auto after = std::ranges::upper_bound(month_starts_, slot);
  return after == month_starts_.begin() ? Slot{} : *std::prev(after);
}

Slot PriceBook::segment_start(const MeterName& meter, Slot slot) const {
  const Slot month = month_start(slot);
  const PriceVersion* version = price_version_at(meter, slot);
  return version != nullptr && version->from ? std::max(month, *version->from) : month;
}

std::vector<PriceVersion> PriceBook::versions() const {
  std::vector<PriceVersion> all;
  for (const auto& [meter, versions] : by_meter_)
    all.insert(all.end(), versions.begin(), versions.end());
  return all;
}

std::string PriceBook::segments_text() const {
  std::string text = fmt::format("time_zone {}\n", zone_->data().name);
  for (const auto& [meter, versions] : by_meter_)
    for (const PriceVersion& version : versions)
      text +=
          fmt::format("{} {} {} {}\n", meter.str(), version.unit.name, to_string(version.scopes),
                      version.from ? to_string(*version.from) : "always");
  return text + months_text();
}

std::string PriceBook::months_text() const {
  std::string text = "months";
  for (const Slot start : month_starts_) text += fmt::format(" {}", start.unix_seconds());
  return text + "\n";
}

std::string PriceBook::text() const {
  std::string text = fmt::format("currency {}\ntime_zone {}\nquantity_decimals {}\n",
                                 currency_.code(), zone_->data().name, quantity_decimals_);
  for (const PriceVersion& version : versions()) text += to_text(version) + "\n";
  return text;
}

}  // namespace meterbill
