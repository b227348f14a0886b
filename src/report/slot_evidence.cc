#include "report/slot_evidence.h"

#include <algorithm>

#include "base/checked.h"

namespace meterbill {
namespace {

/// A slot that starts later than so much after the worker's clock is not applied (docs/wire.md).
constexpr std::int64_t kAheadMaxUs = std::int64_t{5} * 60 * 1'000'000;

Result<Growth> accumulate(Reading& said, const Reading& reading) {
  Growth growth;
  growth.scope = reading.scope;
  for (const auto& [meter, quantity] : reading.used) {
    MB_TRY(said.used[meter], add(said.used[meter], quantity));
    if (quantity > 0) growth.used[meter] = quantity;
  }
  return growth;
}

bool raise(std::int64_t& value, std::int64_t to) {
  if (to <= value) return false;
  value = to;
  return true;
}

bool merge_cover(std::optional<Cover>& said, const std::optional<Cover>& cover) {
  if (!cover) return false;
  if (!said) {
    said = cover;
    return true;
  }
  bool grew = raise(said->to_us, cover->to_us);
  grew |= raise(said->metered_us, cover->metered_us);
  grew |= raise(said->estimated_us, cover->estimated_us);
  grew |= raise(said->off_us, cover->off_us);
  return grew;
}

Growth merge(Reading& said, const Reading& reading) {
  Growth growth;
  growth.scope = reading.scope;
  for (const auto& [meter, quantity] : reading.used) {
    const auto known = said.used.find(meter);
    const std::int64_t before = known == said.used.end() ? 0 : known->second;
    if (quantity > before) growth.used[meter] = quantity - before;
    said.used[meter] = std::max(before, quantity);
  }
  growth.has_time = merge_cover(said.cover, reading.cover);
  growth.is_final = reading.final && !said.final;
  growth.is_final |= raise(said.scopes, reading.scopes);
  said.final |= reading.final;
  return growth;
}

}  // namespace

std::string_view to_string(Explained explained) {
  switch (explained) {
    case Explained::kWhole:
      return "explained";
    case Explained::kNotKept:
      return "not_kept";
    case Explained::kDiffers:
      return "differs";
  }
  return "";
}

bool is_empty(const std::vector<Growth>& growth) {
  return std::ranges::all_of(growth, &Growth::is_empty);
}

Result<std::vector<Growth>> SlotEvidence::add(const EvidenceMessage& message) {
  const bool adds_up =
      message.epoch == samples_epoch().str() || message.epoch == events_epoch().str();
  std::vector<Growth> grown;
  for (const Reading& reading : message.readings) {
    const auto [entry, is_first] =
        said_.try_emplace({message.machine, message.epoch, reading.scope});
    Growth growth;
    if (adds_up) {
      MB_TRY(growth, accumulate(entry->second, reading));
    } else {
      growth = merge(entry->second, reading);
    }
    growth.is_first = is_first;
    grown.push_back(std::move(growth));
  }
  if (!is_empty(grown)) ++messages_;
  return grown;
}

EvidenceVerdict SlotEvidence::compare(const EvidencePage& last) const {
  std::map<std::pair<Key, MeterName>, std::pair<std::int64_t, std::int64_t>> totals;
  for (const StoredReading& row : last.stored)
    for (const auto& [meter, quantity] : row.reading.used)
      totals[{{row.machine, row.epoch, row.reading.scope}, meter}].first = quantity;
  for (const auto& [key, said] : said_)
    for (const auto& [meter, quantity] : said.used) totals[{key, meter}].second = quantity;
  EvidenceVerdict verdict{.totals = static_cast<std::int64_t>(totals.size())};
  // What was applied of a slot was applied when it had begun, give or take a clock.
  const bool may_be_forgotten =
      last.forgotten && last.forgotten->us >= last.slot.start().us - kAheadMaxUs;
  for (const auto& [of, quantities] : totals) {
    const auto [stored, kept] = quantities;
    if (stored == kept) continue;
    const auto& [machine, epoch, scope] = of.first;
    verdict.differing.push_back({machine, epoch, scope, of.second, stored, kept});
    const bool is_not_kept = stored > kept && may_be_forgotten;
    const Explained explained = is_not_kept ? Explained::kNotKept : Explained::kDiffers;
    verdict.explained = std::max(verdict.explained, explained);
  }
  return verdict;
}

}  // namespace meterbill
