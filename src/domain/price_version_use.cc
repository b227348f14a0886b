#include "domain/price_version_use.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

namespace meterbill {
namespace {

constexpr std::string_view kTimeZone = "time_zone";

auto key_of(const PriceVersionUse& use) {
  return std::tuple(use.meter, use.unit, use.scopes, use.from);
}

std::string since(const std::string& from, const TimeZone& zone) {
  if (from.empty()) return "always";
  const auto slot = Slot::parse(from);
  return slot ? local_date_text(zone, slot.value().start()) : from;
}

/// The name of a zone without the digest of its months.
std::string zone_name(const std::string& value) { return value.substr(0, value.find(' ')); }

/// A zone by another name, whose months begin alike, bills alike. New data of the same zone is no
/// edit of the prices: statements have its digest.
bool is_same_term(const PriceVersionUse& a, const PriceVersionUse& b) {
  if (a.digest == b.digest) return true;
  if (a.unit != kTimeZone) return false;
  const std::string name = zone_name(a.digest);
  const std::string other = zone_name(b.digest);
  return name == other || a.digest.substr(name.size()) == b.digest.substr(other.size());
}

std::string for_people(const PriceVersionUse& term) {
  return term.unit == kTimeZone ? zone_name(term.digest) : term.digest;
}

void add_changed_term(const std::vector<PriceVersionUse>& terms, const PriceVersionUse& used,
                      std::vector<ChangedPrice>& changed) {
  const auto now = std::ranges::find(terms, used.unit, &PriceVersionUse::unit);
  if (now != terms.end() && !is_same_term(used, *now))
    changed.push_back({used, false, for_people(used), for_people(*now)});
}

}  // namespace

PriceVersionUse use_of(const PriceVersion& version, const Sha256Hex& sha256_hex) {
  return {.meter = version.meter.str(),
          .unit = std::string(version.unit.name),
          .scopes = version.scopes == BilledScopes::kMachine ? "machine" : "parts",
          .from = version.from ? to_string(*version.from) : "",
          .digest = sha256_hex(to_text(version))};
}

std::vector<PriceVersionUse> terms_of(const PriceBook& book, const Sha256Hex& sha256_hex) {
  const auto term = [](std::string_view name, std::string value) {
    return PriceVersionUse{"", std::string(name), "", "", std::move(value)};
  };
  const Currency& currency = book.currency();
  return {term("currency",
               fmt::format("{} with {} decimals", currency.code(), currency.minor_digits())),
          term("quantity_decimals", std::to_string(book.quantity_decimals())),
          term(kTimeZone, book.zone().data().name + " " + sha256_hex(book.months_text()))};
}

std::vector<ChangedPrice> changed_prices(const PriceBook& book,
                                         std::span<const PriceVersionUse> used,
                                         const Sha256Hex& sha256_hex) {
  std::map<decltype(key_of({})), std::string> digests;
  for (const PriceVersion& version : book.versions()) {
    PriceVersionUse there = use_of(version, sha256_hex);
    digests.emplace(key_of(there), std::move(there.digest));
  }
  const std::vector<PriceVersionUse> terms = terms_of(book, sha256_hex);
  std::vector<ChangedPrice> changed;
  for (const PriceVersionUse& use : used) {
    if (use.is_term()) {
      add_changed_term(terms, use, changed);
      continue;
    }
    const auto found = digests.find(key_of(use));
    if (found == digests.end())
      changed.push_back({.used = use, .is_dropped = true});
    else if (found->second != use.digest)
      changed.push_back({.used = use});
  }
  return changed;
}

std::string to_text(const ChangedPrice& price, const TimeZone& zone) {
  const PriceVersionUse& used = price.used;
  if (used.is_term())
    return fmt::format(
        "{} of the prices was changed from {} to {} after they were used, so bills of the past "
        "read differently: put it back, or begin a new ledger",
        used.unit, price.was, price.is);
  return fmt::format(
      "the price of {} per {} since {}{} was {} after it was used: put {} back and add a new one "
      "with a later date",
      used.meter, used.unit, since(used.from, zone),
      used.scopes == "parts" ? " (of the parts)" : "", price.is_dropped ? "removed" : "edited",
      price.is_dropped ? "it" : "the old price");
}

}  // namespace meterbill
