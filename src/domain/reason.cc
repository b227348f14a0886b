#include "domain/reason.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/assert.h"

namespace meterbill {
namespace {

constexpr std::array kTexts{
    std::pair{Reason::kTombstone, "tombstone"},
    std::pair{Reason::kTooLarge, "too_large"},
    std::pair{Reason::kNotJson, "not_json"},
    std::pair{Reason::kTooDeep, "too_deep"},
    std::pair{Reason::kNotUtf8, "not_utf8"},
    std::pair{Reason::kDuplicateKey, "duplicate_key"},
    std::pair{Reason::kWrongType, "wrong_type"},
    std::pair{Reason::kMissingField, "missing_field"},
    std::pair{Reason::kBadNumber, "bad_number"},
    std::pair{Reason::kTooPrecise, "too_precise"},
    std::pair{Reason::kBadMachine, "bad_machine_id"},
    std::pair{Reason::kBadName, "bad_name"},
    std::pair{Reason::kBadLabel, "bad_label"},
    std::pair{Reason::kTooMany, "too_many"},
    std::pair{Reason::kUnknownType, "unknown_type"},
    std::pair{Reason::kBadSlot, "bad_slot"},
    std::pair{Reason::kFuture, "future"},
    std::pair{Reason::kTooOld, "too_old"},
    std::pair{Reason::kImplausible, "implausible"},
    std::pair{Reason::kNoCapacity, "no_capacity"},
    std::pair{Reason::kLabelsChanged, "labels_changed"},
    std::pair{Reason::kOverflow, "overflow"},
    std::pair{Reason::kUnitUnknown, "unknown_unit"},
    std::pair{Reason::kReplayed, "replayed"},
};

}  // namespace

std::string_view to_string(Reason reason) {
  const auto* const found =
      std::ranges::find(kTexts, reason, [](const auto& row) { return row.first; });
  MB_ASSERT(found != kTexts.end());
  return found->second;
}

std::optional<Reason> parse_reason(std::string_view text) {
  const auto* const found =
      std::ranges::find(kTexts, text, [](const auto& row) { return std::string_view(row.second); });
  if (found == kTexts.end()) return std::nullopt;
  return found->first;
}

}  // namespace meterbill
