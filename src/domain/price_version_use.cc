#include "domain/price_version_use.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

namespace meterbill {
namespace {

auto key_of(const PriceVersionUse& use) {
  return std::tuple(use.meter, use.unit, use.scopes, use.from);
}

std::string since(const std::string& from, const TimeZone& zone) {
  if (from.empty()) return "always";
  const auto slot = Slot::parse(from);
  return slot ? local_date_text(zone, slot.value().start()) : from;
}

}  // namespace

PriceVersionUse use_of(const PriceVersion& version, const Sha256Hex& sha256_hex) {
  return {.meter = version.meter.str(),
          .unit = std::string(version.unit.name),
          .scopes = version.scopes == BilledScopes::kMachine ? "machine" : "parts",
          .from = version.from ? to_string(*version.from) : "",
          .digest = sha256_hex(to_text(version))};
}

std::vector<ChangedPrice> changed_prices(const PriceBook& book,
                                         std::span<const PriceVersionUse> used,
                                         const Sha256Hex& sha256_hex) {
  std::map<decltype(key_of({})), std::string> digests;
  for (const PriceVersion& version : book.versions()) {
    PriceVersionUse there = use_of(version, sha256_hex);
    digests.emplace(key_of(there), std::move(there.digest));
  }
  std::vector<ChangedPrice> changed;
  for (const PriceVersionUse& use : used) {
    const auto found = digests.find(key_of(use));
    if (found == digests.end())
      changed.push_back({use, true});
    else if (found->second != use.digest)
      changed.push_back({use, false});
  }
  return changed;
}

std::string to_text(const ChangedPrice& price, const TimeZone& zone) {
  const PriceVersionUse& used = price.used;
  return fmt::format(
      "the price of {} per {} since {}{} was {} after it was used: put {} back and add a new one "
      "with a later date",
      used.meter, used.unit, since(used.from, zone),
      used.scopes == "parts" ? " (of the parts)" : "", price.is_dropped ? "removed" : "edited",
      price.is_dropped ? "it" : "the old price");
}

}  // namespace meterbill
