#include "adapters/sqlite/spool_fold.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <vector>

#include "base/checked.h"
#include "domain/names.h"

namespace meterbill {
namespace {

const ScopeName kOther{"other"};
constexpr std::size_t kSlotsPerFold = 96;  // a day: one fold never holds the tick up for long

struct Part {
  ScopeName scope;
  MeterTotals used;
  [[nodiscard]] std::int64_t cpu() const {
    const auto found = used.find(MeterName{"cpu"});
    return found == used.end() ? 0 : found->second;
  }
};

/// Final slots with parts to fold, of which no row was ever offered; oldest first. Those that are
/// whole: of a slot that lacks rows, they were offered, acknowledged and dropped, and its `other`
/// among them would begin anew.
Result<std::vector<FoldPlace>> foldable(SqliteDb& db, FoldPlace& from) {
  MB_TRY(auto row, db.query("SELECT epoch, slot, min(final), max(offered), "
                            "sum(scope<>'machine' AND scope NOT LIKE 'view:%'), "
                            "max(scopes)=count(*) FROM rows "
                            "WHERE (epoch, slot)>=(?, ?) GROUP BY epoch, slot "
                            "ORDER BY epoch, slot"));
  row->bind(1, from.epoch).bind(2, from.slot);
  std::vector<FoldPlace> places;
  bool is_settled = true;  // all before this slot: it cannot be folded, now or later
  while (places.size() < kSlotsPerFold) {
    MB_TRY(const bool found, row->step());
    if (!found) break;
    const FoldPlace place{.epoch = row->integer(0), .slot = row->integer(1)};
    if (is_settled) from = place;
    const bool is_final = row->integer(2) == 1;
    const bool is_offered = row->integer(3) > 0;
    const bool is_whole = row->integer(5) == 1;
    const bool can_fold = is_final && !is_offered && is_whole && row->integer(4) > 1;
    if (can_fold) places.push_back(place);
    is_settled = is_settled && is_final && !can_fold;
  }
  return places;
}

Result<std::vector<Part>> parts_of(SqliteDb& db, FoldPlace key) {
  MB_TRY(auto select, db.query("SELECT scope, used FROM rows WHERE epoch=? AND slot=? "
                               "AND scope<>'machine' AND scope NOT LIKE 'view:%'"));
  select->bind(1, key.epoch).bind(2, key.slot);
  std::vector<Part> parts;
  for (;;) {
    MB_TRY(const bool found, select->step());
    if (!found) return parts;
    MB_TRY(MeterTotals used, parse_used(select->text(1)));
    parts.push_back({.scope = ScopeName(std::string(select->text(0))), .used = std::move(used)});
  }
}

Result<void> store_other(SqliteDb& db, FoldPlace key, const MeterTotals& used) {
  MB_TRY(auto insert, db.query("INSERT INTO rows(epoch, slot, scope, used, final, version) "
                               "VALUES(?,?,'other',?,1,1) ON CONFLICT DO UPDATE "
                               "SET used=excluded.used, version=version+1"));
  return insert->bind(1, key.epoch).bind(2, key.slot).bind(3, used_text(used)).run();
}

Result<void> recount(SqliteDb& db, FoldPlace key) {
  MB_TRY(auto update,
         db.query("UPDATE rows SET version=version+1, scopes=(SELECT count(*) FROM rows AS r "
                  "WHERE r.epoch=rows.epoch AND r.slot=rows.slot) "
                  "WHERE epoch=? AND slot=? AND scope='machine'"));
  return update->bind(1, key.epoch).bind(2, key.slot).run();
}

Result<std::int64_t> fold_slot(SqliteDb& db, FoldPlace key) {
  MB_TRY(std::vector<Part> parts, parts_of(db, key));
  MeterTotals other;
  std::vector<Part> small;
  for (Part& part : parts) {
    if (part.scope == kOther) {
      other = std::move(part.used);
    } else {
      small.push_back(std::move(part));
    }
  }
  std::ranges::sort(small, [](const Part& a, const Part& b) {
    return std::tuple(a.cpu(), a.scope) < std::tuple(b.cpu(), b.scope);
  });
  // Two parts without `other` must both go: one row less is the least that helps.
  const std::size_t count = std::max<std::size_t>((small.size() + 1) / 2, other.empty() ? 2 : 1);
  small.resize(std::min(count, small.size()));
  MB_TRY(auto remove, db.query("DELETE FROM rows WHERE epoch=? AND slot=? AND scope=?"));
  for (const Part& part : small) {
    for (const auto& [meter, value] : part.used) {
      MB_TRY(other[meter], add(other[meter], value));
    }
    MB_TRYV(remove->bind(1, key.epoch).bind(2, key.slot).bind(3, part.scope.str()).run());
  }
  MB_TRYV(store_other(db, key, other));
  MB_TRYV(recount(db, key));
  return static_cast<std::int64_t>(small.size());
}

}  // namespace

std::string used_text(const MeterTotals& used) {
  std::string text;
  for (const auto& [meter, value] : used)
    text += fmt::format("{}{}={}", text.empty() ? "" : ",", meter.str(), value);
  return text;
}

Result<MeterTotals> parse_used(std::string_view text) {
  MeterTotals used;
  while (!text.empty()) {
    const std::string_view entry = text.substr(0, text.find(','));
    text.remove_prefix(std::min(entry.size() + 1, text.size()));
    const std::size_t equals = entry.find('=');
    const std::string_view meter = entry.substr(0, equals);
    const auto value =
        parse_count(equals == std::string_view::npos ? "" : entry.substr(equals + 1));
    if (!value || !is_meter(meter) || used.size() == kMetersMax)
      return fail(Code::kDamaged, fmt::format("not a meter's total: '{}'", entry.substr(0, 80)));
    used.emplace(MeterName(std::string(meter)), value.value());
  }
  return used;
}

Result<FoldedRows> fold_small_scopes(SqliteDb& db, FoldPlace& from) {
  FoldedRows folded;
  MB_TRY(const std::vector<FoldPlace> places, foldable(db, from));
  for (const FoldPlace place : places) {
    MB_TRY(const std::int64_t count, fold_slot(db, place));
    folded.add(place.slot, count);
  }
  return folded;
}

}  // namespace meterbill
