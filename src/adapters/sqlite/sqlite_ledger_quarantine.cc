#include "adapters/sqlite/sqlite_ledger_quarantine.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "adapters/sqlite/sqlite_ledger_codec.h"
#include "adapters/sqlite/sqlite_ledger_queries.h"

namespace meterbill {
namespace {

constexpr std::string_view kColumns =
    "id, source, partition, \"offset\", machine, reading_key, weight, ordinal, reason, detail, "
    "first_us, last_us, count, state, key, value, tombstone, headers, recorded_us, value_bytes, "
    "value_sha256, releasable";

Result<QuarantineState> parse_state(std::string_view text) {
  for (const auto state :
       {QuarantineState::kHeld, QuarantineState::kReleased, QuarantineState::kDiscarded})
    if (text == to_string(state)) return state;
  return fail(Code::kDamaged, fmt::format("unknown quarantine state '{}'", text));
}

Result<Delivery> delivery_at(LedgerQuery& query) {
  Delivery delivery;
  delivery.key = query->blob(14);
  delivery.value = query->blob(15);
  delivery.tombstone = query->integer(16) != 0;
  MB_TRY(delivery.headers, unpack_headers(query->blob(17)));
  delivery.recorded = {query->integer(18)};
  return delivery;
}

/// Of kColumns.
Result<QuarantineItem> item_at(LedgerQuery& query) {
  QuarantineItem item;
  item.id = query->integer(0);
  item.source = query->text(1);
  item.position = {.partition = static_cast<std::int32_t>(query->integer(2)),
                   .offset = query->integer(3)};
  item.machine = query->blob(4);
  item.reading_key = query->text(5);
  item.weight = query->integer(6);
  if (!query->is_null(7)) item.ordinal = static_cast<std::int32_t>(query->integer(7));
  const auto reason = parse_reason(query->text(8));
  if (!reason) return fail(Code::kDamaged, fmt::format("unknown reason '{}'", query->text(8)));
  item.rejection = {.reason = *reason, .detail = std::string(query->text(9))};
  item.first_at = {query->integer(10)};
  item.last_at = {query->integer(11)};
  item.count = query->integer(12);
  MB_TRY(item.state, parse_state(query->text(13)));
  MB_TRY(Delivery delivery, delivery_at(query));
  item.delivery = std::make_shared<const Delivery>(std::move(delivery));
  item.value_bytes = query->integer(19);
  MB_TRY(item.value_digest, to_sha256(query->blob(20)));
  item.releasable = query->integer(21) != 0;
  return item;
}

void bind_item(LedgerQuery& query, const QuarantineItem& item) {
  if (item.id == 0)
    query->bind_null(1);
  else
    query->bind(1, item.id);
  query->bind(2, item.source).bind(3, item.position.partition).bind(4, item.position.offset);
  query->bind_blob(5, item.machine).bind(6, item.reading_key).bind(7, item.weight);
  if (item.ordinal)
    query->bind(8, *item.ordinal);
  else
    query->bind_null(8);
  query->bind(9, to_string(item.rejection.reason)).bind(10, item.rejection.detail);
  query->bind(11, item.first_at.us).bind(12, item.last_at.us).bind(13, item.count);
  query->bind(14, to_string(item.state));
  query->bind_blob(15, item.delivery->key).bind_blob(16, item.delivery->value);
  query->bind(17, std::int64_t{item.delivery->tombstone});
  query->bind_blob(18, pack_headers(item.delivery->headers));
  query->bind(19, item.delivery->recorded.us).bind(20, item.value_bytes);
  query->bind_blob(21, bytes_of(item.value_digest)).bind(22, std::int64_t{item.releasable});
  query->bind(23, stored_bytes(item));
}

void shorten(QuarantineItem& item) {
  const auto cut = [](std::string& bytes) {
    bytes.resize(std::min(bytes.size(), kQuarantineBytesShort));
  };
  Delivery shortened = *item.delivery;
  cut(shortened.key);
  cut(shortened.value);
  shortened.headers.clear();
  item.delivery = std::make_shared<const Delivery>(std::move(shortened));
  item.releasable = false;
}

/// What merging needs to know of a held item.
struct Known {
  std::int64_t id = 0;
  std::int64_t weight = 0;
  std::int64_t count = 0;
  UtcTime first_at;
  UtcTime last_at;
  std::int64_t bytes = 0;
};

Result<std::optional<Known>> find_same(LedgerConnection& ledger, const QuarantineItem& item) {
  if (item.reading_key.empty()) return std::optional<Known>();
  MB_TRY(auto query,
         ledger.query("SELECT id, weight, count, first_us, last_us, stored_bytes FROM quarantine "
                      "WHERE reading_key=?1 AND reading_key<>'' AND reason=?2 AND state='held'"));
  query->bind(1, item.reading_key).bind(2, to_string(item.rejection.reason));
  MB_TRY(const bool found, query->step());
  if (!found) return std::optional<Known>();
  return std::optional<Known>({.id = query->integer(0),
                               .weight = query->integer(1),
                               .count = query->integer(2),
                               .first_at = {query->integer(3)},
                               .last_at = {query->integer(4)},
                               .bytes = query->integer(5)});
}

Result<void> store(LedgerConnection& ledger, const QuarantineItem& item) {
  MB_TRY(auto query,
         ledger.query("INSERT OR REPLACE INTO quarantine(id, source, partition, \"offset\", "
                      "machine, reading_key, weight, ordinal, reason, detail, first_us, last_us, "
                      "count, state, key, value, tombstone, headers, recorded_us, value_bytes, "
                      "value_sha256, releasable, stored_bytes) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, "
                      "?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, "
                      "?23)"));
  bind_item(query, item);
  return query->run();
}

/// The held item of that reading and reason once more: counted, its content kept if it is greater.
Result<void> merge_into(LedgerConnection& ledger, const Known& known, QuarantineItem item,
                        bool fits, LedgerMeta& meta) {
  item.id = known.id;
  item.count += known.count;
  item.first_at = std::min(item.first_at, known.first_at);
  item.last_at = std::max(item.last_at, known.last_at);
  if (item.weight > known.weight && fits) {
    meta.quarantine_bytes += stored_bytes(item) - known.bytes;
    return store(ledger, item);
  }
  MB_TRY(auto query, ledger.query("UPDATE quarantine SET count=?2, first_us=?3, last_us=?4 "
                                  "WHERE id=?1"));
  query->bind(1, item.id).bind(2, item.count);
  query->bind(3, item.first_at.us).bind(4, item.last_at.us);
  return query->run();
}

}  // namespace

Result<LedgerMeta> read_meta(LedgerConnection& ledger) {
  MB_TRY(auto query, ledger.query("SELECT commits, evidence_bytes, quarantine_bytes, "
                                  "quarantine_held, quarantine_released, quarantine_discarded, "
                                  "quarantine_not_kept FROM meta"));
  MB_TRY(const bool found, query->step());
  if (!found) return fail(Code::kDamaged, "the ledger's meta row is missing");
  return LedgerMeta{.commits = query->integer(0),
                    .evidence_bytes = query->integer(1),
                    .quarantine_bytes = query->integer(2),
                    .held = query->integer(3),
                    .released = query->integer(4),
                    .discarded = query->integer(5),
                    .not_kept = query->integer(6)};
}

Result<void> write_meta(LedgerConnection& ledger, const LedgerMeta& meta) {
  MB_TRY(auto query,
         ledger.query("UPDATE meta SET commits=?1, evidence_bytes=?2, quarantine_bytes=?3, "
                      "quarantine_held=?4, quarantine_released=?5, quarantine_discarded=?6, "
                      "quarantine_not_kept=?7"));
  query->bind(1, meta.commits).bind(2, meta.evidence_bytes).bind(3, meta.quarantine_bytes);
  query->bind(4, meta.held).bind(5, meta.released).bind(6, meta.discarded);
  query->bind(7, meta.not_kept);
  return query->run();
}

Result<void> keep_quarantined(LedgerConnection& ledger, QuarantineItem item, std::int64_t bytes_max,
                              LedgerMeta& meta) {
  MB_TRY(const auto known, find_same(ledger, item));
  item.id = 0;
  item.state = QuarantineState::kHeld;
  item.releasable = true;
  item.value_bytes = static_cast<std::int64_t>(item.delivery->value.size());
  MB_TRY(item.value_digest, value_digest_of(item.delivery->value));
  meta.held += item.count;
  const std::int64_t others = meta.quarantine_bytes - (known ? known->bytes : 0);
  if (others + stored_bytes(item) > bytes_max) shorten(item);
  const bool fits = others + stored_bytes(item) <= 2 * bytes_max;
  if (known) return merge_into(ledger, *known, std::move(item), fits, meta);
  if (!fits) {
    meta.not_kept += item.count;
    return ok();
  }
  meta.quarantine_bytes += stored_bytes(item);
  return store(ledger, item);
}

Result<void> settle_quarantined(LedgerConnection& ledger, std::int64_t id, QuarantineState state,
                                LedgerMeta& meta) {
  MB_TRY(const QuarantineItem item, ledger_queries::quarantine_item(ledger, id));
  if (state == QuarantineState::kHeld || item.state != QuarantineState::kHeld)
    return fail(Code::kRefused,
                fmt::format("quarantined item {} is {} already", id, to_string(item.state)));
  if (state == QuarantineState::kReleased && !item.releasable)
    return fail(Code::kRefused,
                fmt::format("quarantined item {} was kept shortened and cannot be released; let "
                            "its sender send it again",
                            id));
  meta.held -= item.count;
  (state == QuarantineState::kReleased ? meta.released : meta.discarded) += item.count;
  MB_TRY(auto query, ledger.query("UPDATE quarantine SET state=?2 WHERE id=?1"));
  query->bind(1, id).bind(2, to_string(state));
  return query->run();
}

Result<void> forget_settled(LedgerConnection& ledger, std::int64_t bytes_max, int items_max,
                            LedgerMeta& meta) {
  for (int done = 0; done < items_max && meta.quarantine_bytes > bytes_max; ++done) {
    MB_TRY(auto oldest, ledger.query("DELETE FROM quarantine WHERE id=(SELECT min(id) FROM "
                                     "quarantine WHERE state<>'held') RETURNING stored_bytes"));
    MB_TRY(const bool found, oldest->step());
    if (!found) return ok();
    meta.quarantine_bytes -= oldest->integer(0);
    MB_TRYV(oldest->run());
  }
  return ok();
}

namespace ledger_queries {

Result<std::map<QuarantineState, std::int64_t>> quarantine_counts(LedgerConnection& ledger) {
  MB_TRYV(ledger.usable());
  MB_TRY(const LedgerMeta meta, read_meta(ledger));
  return std::map<QuarantineState, std::int64_t>{{QuarantineState::kHeld, meta.held},
                                                 {QuarantineState::kReleased, meta.released},
                                                 {QuarantineState::kDiscarded, meta.discarded}};
}

Result<std::vector<QuarantineItem>> quarantine(LedgerConnection& ledger, std::int64_t before,
                                               std::size_t limit, std::string_view machine) {
  MB_TRYV(ledger.usable());
  static const std::string kSql = fmt::format(
      "SELECT {} FROM quarantine WHERE id<?1 AND (length(?3)=0 OR machine=?3) ORDER BY id DESC "
      "LIMIT ?2",
      kColumns);
  MB_TRY(auto query, ledger.query(kSql));
  constexpr std::int64_t kNoBound = std::numeric_limits<std::int64_t>::max();
  query->bind(1, before == 0 ? kNoBound : before);
  query->bind(2, static_cast<std::int64_t>(std::min<std::size_t>(limit, 1'000'000)));
  query->bind_blob(3, machine);
  std::vector<QuarantineItem> found;
  for (;;) {
    MB_TRY(const bool more, query->step());
    if (!more) return found;
    MB_TRY(QuarantineItem item, item_at(query));
    found.push_back(std::move(item));
  }
}

Result<QuarantineItem> quarantine_item(LedgerConnection& ledger, std::int64_t id) {
  MB_TRYV(ledger.usable());
  static const std::string kSql = fmt::format("SELECT {} FROM quarantine WHERE id=?1", kColumns);
  MB_TRY(auto query, ledger.query(kSql));
  query->bind(1, id);
  MB_TRY(const bool found, query->step());
  if (!found) return fail(Code::kNotFound, fmt::format("no quarantined item {}", id));
  return item_at(query);
}

}  // namespace ledger_queries
}  // namespace meterbill
