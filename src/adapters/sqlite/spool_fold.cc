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
constexpr std::int64_t kSlotsPerFold = 96;  // a day: one fold never holds the tick up for long

struct Part {
  ScopeName scope;
  MeterTotals used;
  [[nodiscard]] std::int64_t cpu() const {
    const auto found = used.find(MeterName{"cpu"});
    return found == used.end() ? 0 : found->second;
  }
};

struct SlotKey {
  std::int64_t epoch = 0;
  std::int64_t slot = 0;
};

/// Final slots with parts to fold, of which no row was ever offered; oldest first.
Result<std::vector<SlotKey>> foldable(SqliteDb& db) {
  MB_TRY(auto select, db.prepare("SELECT epoch, slot FROM rows GROUP BY epoch, slot "
                                 "HAVING min(final)=1 AND max(offered)=0 "
                                 "AND sum(scope<>'machine' AND scope NOT LIKE 'view:%')>1 "
                                 "ORDER BY epoch, slot LIMIT ?"));
  select.bind(1, kSlotsPerFold);
  std::vector<SlotKey> keys;
  for (;;) {
    MB_TRY(const bool found, select.step());
    if (!found) return keys;
    keys.push_back({.epoch = select.integer(0), .slot = select.integer(1)});
  }
}

Result<std::vector<Part>> parts_of(SqliteDb& db, SlotKey key) {
  MB_TRY(auto select, db.prepare("SELECT scope, used FROM rows WHERE epoch=? AND slot=? "
                                 "AND scope<>'machine' AND scope NOT LIKE 'view:%'"));
  select.bind(1, key.epoch).bind(2, key.slot);
  std::vector<Part> parts;
  for (;;) {
    MB_TRY(const bool found, select.step());
    if (!found) return parts;
    MB_TRY(MeterTotals used, parse_used(select.text(1)));
    parts.push_back({.scope = ScopeName(std::string(select.text(0))), .used = std::move(used)});
  }
}

Result<void> store_other(SqliteDb& db, SlotKey key, const MeterTotals& used) {
  MB_TRY(auto insert, db.prepare("INSERT INTO rows(epoch, slot, scope, used, final, version) "
                                 "VALUES(?,?,'other',?,1,1) ON CONFLICT DO UPDATE "
                                 "SET used=excluded.used, version=version+1"));
  return insert.bind(1, key.epoch).bind(2, key.slot).bind(3, used_text(used)).run();
}

Result<void> recount(SqliteDb& db, SlotKey key) {
  MB_TRY(auto update,
         db.prepare("UPDATE rows SET version=version+1, scopes=(SELECT count(*) FROM rows AS r "
                    "WHERE r.epoch=rows.epoch AND r.slot=rows.slot) "
                    "WHERE epoch=? AND slot=? AND scope='machine'"));
  return update.bind(1, key.epoch).bind(2, key.slot).run();
}

Result<std::int64_t> fold_slot(SqliteDb& db, SlotKey key) {
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
  MB_TRY(auto remove, db.prepare("DELETE FROM rows WHERE epoch=? AND slot=? AND scope=?"));
  for (const Part& part : small) {
    for (const auto& [meter, value] : part.used) {
      MB_TRY(other[meter], add(other[meter], value));
    }
    MB_TRYV(remove.bind(1, key.epoch).bind(2, key.slot).bind(3, part.scope.str()).run());
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

Result<std::int64_t> fold_small_scopes(SqliteDb& db) {
  std::int64_t folded = 0;
  MB_TRY(const std::vector<SlotKey> keys, foldable(db));
  for (const SlotKey key : keys) {
    MB_TRY(const std::int64_t count, fold_slot(db, key));
    folded += count;
  }
  return folded;
}

}  // namespace meterbill
