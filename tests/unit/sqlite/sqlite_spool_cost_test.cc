// What a tick costs a spool that holds much: as much as one that holds nothing.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sqlite3.h>

#include <ctime>
#include <filesystem>
#include <iostream>
#include <map>
#include <random>
#include <string>
#include <tuple>

#include "adapters/sqlite/sqlite_spool.h"
#include "support/spool_ticks.h"
#include "support/temp_dir.h"

namespace meterbill {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

sqlite3* g_opened = nullptr;  // the connection opened last

int note_opened(sqlite3* db, const char**, const void*) {
  g_opened = db;
  return SQLITE_OK;
}

/// Every statement about rows that a connection runs, with the steps SQLite's machine took for it.
class StatementWatch {
 public:
  explicit StatementWatch(sqlite3* db) : db_(db) {
    sqlite3_trace_v2(db, SQLITE_TRACE_PROFILE, ended, this);
  }
  StatementWatch(const StatementWatch&) = delete;
  StatementWatch& operator=(const StatementWatch&) = delete;
  ~StatementWatch() { sqlite3_trace_v2(db_, 0, nullptr, nullptr); }

  std::map<std::string, std::int64_t> steps;

 private:
  static int ended(unsigned, void* self, void* statement, void*) {
    auto* const ran = static_cast<sqlite3_stmt*>(statement);
    const std::string sql = sqlite3_sql(ran);
    if (sql.find("rows") != std::string::npos)
      static_cast<StatementWatch*>(self)->steps[sql] +=
          sqlite3_stmt_status(ran, SQLITE_STMTSTATUS_VM_STEP, 1);
    return 0;
  }

  sqlite3* db_;
};

/// Of this process.
std::int64_t processor_us() { return std::int64_t{std::clock()} * 1'000'000 / CLOCKS_PER_SEC; }

/// What a spool holds besides the two slots at hand, as an UPDATE of rows that wait.
struct Kept {
  const char* name;
  const char* set;
};

void PrintTo(const Kept& kept, std::ostream* out) { *out << kept.name; }

const UtcTime kNow = parse_utc("2026-11-22T10:16:00Z").value();
const Slot kSlot = Slot::containing(kNow);

/// A file with so many rows of an older epoch, a hundred a slot, and the agent's tables.
class SpoolWith {
 public:
  SpoolWith(const Kept& kept, std::int64_t rows, bool full = false) {
    open({});
    EXPECT_TRUE(spool_->save(tick_of(1, {cpu_reading(kSlot.plus(-2), 1)}, kSlot.plus(-2))));
    spool_.reset();
    {
      auto db = SqliteDb::open(path(), {});
      EXPECT_TRUE(db.value().execute(
          fmt::format("WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM n LIMIT {}) "
                      "INSERT INTO rows(epoch, slot, scope, used, final, version) SELECT 1, "
                      "{}+900*(i/100), printf('service:%030d', i%100), 'cpu=1', 1, 2 FROM n; "
                      "UPDATE rows SET {} WHERE scope<>'machine'",
                      rows, kSlot.unix_seconds() - 900 * 2'000, kept.set)));
    }
    const auto pages = static_cast<std::int64_t>(std::filesystem::file_size(path())) / 4'096;
    open({.page_count_max = full ? pages * 20 / 19 : 1'000'000});
  }

  SqliteSpool& spool() { return *spool_; }
  void open(const SqliteSpoolOptions& options) {
    spool_.reset();
    sqlite3_auto_extension(reinterpret_cast<void (*)()>(note_opened));
    auto opened = SqliteSpool::open(path(), options, kNow);
    sqlite3_cancel_auto_extension(reinterpret_cast<void (*)()>(note_opened));
    ASSERT_TRUE(opened) << opened.error().message;
    spool_ = std::move(opened.value().spool);
  }

  /// Two ticks of the agent and what its sender does after each, the first of them in a new slot.
  std::map<std::string, std::int64_t> ticks() {
    StatementWatch watch(g_opened);
    for (const int at : {1, 2}) {
      EXPECT_TRUE(spool_->save(
          tick_of(2, {cpu_reading(kSlot.plus(-1), 5), cpu_reading(kSlot, at)}, kSlot)));
      EXPECT_TRUE(spool_->repeat_old(kNow));
      EXPECT_TRUE(spool_->counts());
      EXPECT_TRUE(spool_->aside(10));
      const auto rows = spool_->pending(500, kNow);
      EXPECT_TRUE(rows);
      std::vector<PendingRow> own;
      for (const PendingRow& row : rows.value())
        if (row.epoch.id == kRunning) own.push_back(row);
      EXPECT_TRUE(spool_->mark_offered(versions_of(own)));
      EXPECT_TRUE(spool_->acknowledge(versions_of(own), kNow));
      EXPECT_TRUE(spool_->counts());
    }
    return watch.steps;
  }

  /// Processor time of one tick, the least of many.
  std::int64_t us_of_a_tick() {
    std::int64_t least = INT64_MAX;
    for (int i = 0; i < 200; ++i) {
      const std::int64_t begin = processor_us();
      EXPECT_TRUE(spool_->save(tick_of(2, {cpu_reading(kSlot, 100 + i)}, kSlot)));
      EXPECT_TRUE(spool_->counts());
      EXPECT_TRUE(spool_->aside(10));
      const auto rows = spool_->pending(1, kNow);
      EXPECT_TRUE(spool_->acknowledge(versions_of(rows.value()), kNow));
      EXPECT_TRUE(spool_->counts());
      least = std::min(least, processor_us() - begin);
    }
    return least;
  }

 private:
  inline static const EpochId kRunning{std::string(31, '0') + "2"};

  [[nodiscard]] std::string path() const { return (dir_.path() / "spool.db").string(); }

  TempDir dir_;
  std::unique_ptr<SqliteSpool> spool_;
};

/// How SQLite finds the rows of a statement, a line each.
std::string plan_of(const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  EXPECT_EQ(
      sqlite3_prepare_v2(g_opened, ("EXPLAIN QUERY PLAN " + sql).c_str(), -1, &statement, nullptr),
      SQLITE_OK)
      << sql;
  std::string plan;
  while (sqlite3_step(statement) == SQLITE_ROW)
    plan += std::string(reinterpret_cast<const char*>(sqlite3_column_text(statement, 3))) + "\n";
  sqlite3_finalize(statement);
  return plan;
}

class SpoolCostTest : public testing::TestWithParam<Kept> {};

TEST_P(SpoolCostTest, ATickTakesTheSameStepsHoweverManyRowsAreKept) {
  SpoolWith few(GetParam(), 600);
  const auto steps = few.ticks();
  SpoolWith many(GetParam(), 20'000);
  const auto more = many.ticks();
  EXPECT_EQ(many.spool().counts().value().kept, few.spool().counts().value().kept + 19'400);
  for (const auto& [sql, count] : more) EXPECT_EQ(count, steps.at(sql)) << sql;
}

TEST_P(SpoolCostTest, NoStatementOfATickScansTheRowsOrSortsThem) {
  SpoolWith spool(GetParam(), 600);
  int seen = 0;
  for (const auto& [sql, steps] : spool.ticks()) {
    if (sql.starts_with("--")) continue;  // of a trigger
    ++seen;
    const std::string plan = plan_of(sql);
    // All rows of the running slot, of which there are no more with time; the first few refused.
    EXPECT_THAT(plan, Not(ContainsRegex("SCAN (r|rows)( USING PRIMARY KEY| USING INDEX [^gr]|\n)")))
        << sql;
    EXPECT_THAT(plan, Not(HasSubstr("TEMP B-TREE"))) << sql;
  }
  EXPECT_GE(seen, 8);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, SpoolCostTest,
    testing::Values(Kept{"Waiting", "offered=1"}, Kept{"AheadOfTheClock", "slot=slot+900*1000000"},
                    Kept{"Acknowledged",
                         "offered=2, acknowledged=2, acknowledged_at=1795000000000000000"},
                    Kept{"Refused", "offered=1, aside='no', aside_at=slot"}),
    [](const testing::TestParamInfo<Kept>& of) { return std::string(of.param.name); });

/// Full, and nothing that could be dropped or folded: each tick looks whether there is by now.
TEST(SpoolCostOfAFullOneTest, ATickLooksOnceAtWhatCanNeverBeFolded) {
  const Kept offered{"Waiting", "offered=1"};
  const auto steps_of = [&](std::int64_t rows) {
    SpoolWith spool(offered, rows, true);
    EXPECT_TRUE(spool.spool().counts().value().tight);
    static_cast<void>(spool.ticks());
    const auto steps = spool.ticks();
    EXPECT_TRUE(spool.spool().counts().value().tight);
    return steps;
  };
  const auto few = steps_of(2'000);
  const auto many = steps_of(20'000);
  for (const auto& [sql, count] : many) EXPECT_EQ(count, few.at(sql)) << sql;
}

TEST(SpoolCostInTimeTest, ATickWithAndWithoutAHundredThousandRows) {
  const Kept acknowledged{"Acknowledged",
                          "offered=2, acknowledged=2, acknowledged_at=1795000000000000000"};
  for (const std::int64_t rows : {0, 100'000}) {
    SpoolWith spool(acknowledged, rows);
    EXPECT_EQ(spool.spool().counts().value().kept, rows + 1);
    std::cout << fmt::format("{} rows more: {} µs a tick\n", rows, spool.us_of_a_tick());
  }
}

/// What the rows themselves say, as the spool's own connection sees them.
SpoolCounts counted_anew() {
  sqlite3_stmt* row = nullptr;
  EXPECT_EQ(sqlite3_prepare_v2(g_opened,
                               "SELECT count(*), count(aside), sum(version>acknowledged AND "
                               "aside IS NULL), min(iif(version>acknowledged AND aside IS NULL, "
                               "slot, NULL)) FROM rows",
                               -1, &row, nullptr),
            SQLITE_OK);
  EXPECT_EQ(sqlite3_step(row), SQLITE_ROW);
  SpoolCounts counts;
  counts.kept = sqlite3_column_int64(row, 0);
  counts.aside = sqlite3_column_int64(row, 1);
  counts.waiting = sqlite3_column_int64(row, 2);
  if (sqlite3_column_type(row, 3) != SQLITE_NULL)
    counts.oldest = UtcTime{sqlite3_column_int64(row, 3) * 1'000'000};
  sqlite3_finalize(row);
  return counts;
}

/// Calls in any order, on a file so small that many of them fail, drop and fold.
TEST(SpoolTallyTest, WhatIsCountedIsWhatIsThereAfterEveryCall) {
  std::mt19937_64 random(4);
  const auto up_to = [&](std::uint64_t most) { return random() % (most + 1); };
  std::map<std::string, int> seen;
  for (int run = 0; run < 8; ++run) {
    SpoolWith full({"Nothing", "version=1"}, 0);
    full.open({.page_count_max = 19});
    UtcTime now = kNow;
    int epoch = 2;
    std::int64_t used = 1;
    for (int call = 0; call < 150; ++call) {
      const std::uint64_t kind = up_to(15);
      const auto rows = full.spool().pending(1 + up_to(300), now).value();
      if (kind == 0) {
        now.us += std::int64_t{50} * 3'600 * 1'000'000;
        if (full.spool().repeat_old(now).value() > 0) ++seen["repeated"];
      } else if (kind == 1) {
        static_cast<void>(full.spool().offer_again());
      } else if (kind == 2 && !rows.empty()) {
        if (full.spool().set_aside(rows[up_to(rows.size() - 1)].row_version(), "no", now))
          ++seen["aside"];
      } else if (kind < 6 && !rows.empty()) {
        EXPECT_TRUE(full.spool().mark_offered(versions_of(rows)));
        if (kind == 5 || full.spool().acknowledge(versions_of(rows), now)) ++seen["acknowledged"];
      } else {
        if (up_to(5) == 0) ++epoch;
        if (up_to(2) == 0) now.us += Slot::kMicroseconds;
        const Slot slot = Slot::containing(now);
        std::vector<Reading> readings{cpu_reading(slot, ++used)};
        for (std::uint64_t scope = 0; scope < up_to(150); ++scope)
          readings.push_back(cpu_reading(slot, ++used, fmt::format("view:{:030}", up_to(200))));
        const auto saved = full.spool().save(tick_of(epoch, readings, slot));
        ++seen[saved ? "saved" : "disk full"];
      }
      const SpoolCounts counts = full.spool().counts().value();
      const SpoolCounts want = counted_anew();
      ASSERT_EQ(std::tie(counts.kept, counts.waiting, counts.aside, counts.oldest),
                std::tie(want.kept, want.waiting, want.aside, want.oldest))
          << "run " << run << ", call " << call << " of kind " << kind;
    }
  }
  for (const char* const what : {"repeated", "aside", "acknowledged", "saved", "disk full"})
    EXPECT_GT(seen[what], 5) << what;
}

}  // namespace
}  // namespace meterbill
