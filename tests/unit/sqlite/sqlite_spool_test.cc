// What only the SQLite spool has: a file that can be damaged, lost, full, too new or in use.
#include "adapters/sqlite/sqlite_spool.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

#include "adapters/sqlite/spool_fold.h"
#include "adapters/sqlite/spool_schema.h"
#include "support/memory_disk.h"
#include "support/spool_ticks.h"
#include "support/temp_dir.h"

namespace meterbill {
namespace {

namespace fs = std::filesystem;

class SqliteSpoolTest : public testing::Test {
 protected:
  [[nodiscard]] std::string path() const { return (dir_.path() / "spool.db").string(); }
  [[nodiscard]] Result<SqliteSpool::Opened> try_open(const SqliteSpoolOptions& options = {}) const {
    return SqliteSpool::open(path(), options, now_);
  }
  [[nodiscard]] std::unique_ptr<SqliteSpool> open(const SqliteSpoolOptions& options = {}) const {
    auto opened = try_open(options);
    EXPECT_TRUE(opened) << opened.error().message;
    return opened ? std::move(opened.value().spool) : nullptr;
  }
  TempDir dir_;
  UtcTime now_ = parse_utc("2026-11-22T10:15:07.5Z").value();
  Slot slot_ = Slot::containing(now_);
};

TEST_F(SqliteSpoolTest, ADamagedFileIsKeptUnderAnotherNameAndANewOneBegun) {
  std::ofstream(path()) << std::string(10'000, 'x');
  auto opened = try_open();
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ(opened.value().damaged, path() + ".damaged-2026-11-22T10:15:07Z");
  EXPECT_EQ(fs::file_size(opened.value().damaged), 10'000U);
  EXPECT_TRUE(opened.value().spool->save(tick_of(1, {cpu_reading(slot_, 1)}, slot_)));
}

TEST_F(SqliteSpoolTest, ASecondDamagedFileDoesNotReplaceTheFirst) {
  for (const char* const end : {"", "-2"}) {
    std::ofstream(path()) << std::string(10'000, 'x');
    const auto opened = try_open();
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened.value().damaged, path() + ".damaged-2026-11-22T10:15:07Z" + end);
  }
}

TEST_F(SqliteSpoolTest, ATruncatedFileIsDamaged) {
  {
    const auto spool = open();
    for (int i = 0; i < 60; ++i)
      ASSERT_TRUE(spool->save(tick_of(1, {cpu_reading(slot_.plus(i), i)}, slot_.plus(i))));
  }
  fs::resize_file(path(), fs::file_size(path()) / 2 / 4096 * 4096);
  const auto opened = try_open();
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_NE(opened.value().damaged, "");
}

TEST_F(SqliteSpoolTest, AFileRemovedUnderARunningAgentIsNoticedAndBegunAnew) {
  const auto spool = open();
  ASSERT_TRUE(spool->save(tick_of(1, {cpu_reading(slot_, 1)}, slot_)));
  fs::remove(path());
  const auto saved = spool->save(tick_of(1, {cpu_reading(slot_, 2)}, slot_));
  ASSERT_FALSE(saved);
  EXPECT_EQ(saved.error().code, Code::kDamaged);
  ASSERT_TRUE(spool->begin_anew(now_));
  ASSERT_TRUE(spool->save(tick_of(1, {cpu_reading(slot_, 2)}, slot_)));
  EXPECT_EQ(spool->pending(9, now_).value().at(0).reading.used.at(MeterName("cpu")), 2);
  EXPECT_TRUE(fs::exists(path()));
}

TEST_F(SqliteSpoolTest, WhatIsBegunAnewStaysThereWhenTheAgentEnds) {
  {
    const auto spool = open();
    ASSERT_TRUE(spool->save(tick_of(1, {cpu_reading(slot_, 1)}, slot_)));
    const auto kept = spool->begin_anew(now_);
    ASSERT_TRUE(kept);
    EXPECT_TRUE(fs::exists(kept.value()));
    ASSERT_TRUE(spool->save(tick_of(1, {cpu_reading(slot_, 2)}, slot_)));
  }
  EXPECT_EQ(open()->pending(9, now_).value().size(), 1U);
}

TEST_F(SqliteSpoolTest, ANewerSchemaIsRefusedWithTheRemedyAndLeftAsItIs) {
  open().reset();
  {
    auto db = SqliteDb::open(path(), {});
    ASSERT_TRUE(db && db.value().execute("PRAGMA user_version=9"));
  }
  const auto opened = try_open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::kTooNew);
  EXPECT_NE(opened.error().message.find("install the newer"), std::string::npos);
  EXPECT_EQ(SqliteDb::open(path(), {}).value().integer("PRAGMA user_version").value(), 9);
}

TEST_F(SqliteSpoolTest, AFileOfSchemaOneKeepsItsRowsUnderTheNameAtTheMigration) {
  {
    auto db = SqliteDb::open(path(), {});
    ASSERT_TRUE(db && db.value().execute(kSpoolTables1));
    ASSERT_TRUE(db.value().execute(
        fmt::format("PRAGMA application_id=0x4d425350; PRAGMA user_version=1;"
                    "INSERT INTO epochs(epoch, boot, started) VALUES('old', 'b', {0});"
                    "INSERT INTO labels VALUES(1, 'site', 'lab-3');"
                    "INSERT INTO rows(epoch, slot, scope, used, final, version) "
                    "VALUES(1, {0}, 'a', 'cpu=5', 1, 3)",
                    slot_.unix_seconds())));
  }
  auto spool = open({.machine = MachineId("web-1")});
  ASSERT_TRUE(spool->save(tick_of(2, {cpu_reading(slot_, 1)}, slot_)));
  // The next name changes nothing of it.
  for (const char* const name : {"web-1", "web-2"}) {
    spool.reset();
    spool = open({.machine = MachineId(name)});
    const auto rows = spool->pending(9, now_).value();
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].epoch,
              (Epoch{EpochId("old"), BootId("b"), {{"site", "lab-3"}}, slot_, MachineId("web-1")}));
    EXPECT_EQ(rows[0].reading.used.at(MeterName("cpu")), 5);
    EXPECT_EQ(rows[0].version, 3);
    EXPECT_EQ(rows[1].epoch.machine, MachineId("web-9"));
  }
}

TEST_F(SqliteSpoolTest, AnotherProgramsDatabaseIsRefused) {
  {
    auto db = SqliteDb::open(path(), {});
    ASSERT_TRUE(db && db.value().execute("CREATE TABLE t(a)"));
  }
  const auto opened = try_open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::kConfig);
}

TEST_F(SqliteSpoolTest, AFullDiskAtTheBeginningIsToldWithTheRemedyAndWaitsForRoom) {
  MemoryDisk disk(dir_.path().string() + "/");
  bool opens = false;
  for (std::int64_t nth = 1; !opens; ++nth) {
    disk.arm(DiskFault::kFull, nth);
    const auto opened = try_open();
    opens = static_cast<bool>(opened);
    disk.heal();
    if (!opens) {
      EXPECT_EQ(opened.error().code, Code::kDiskFull) << opened.error().message;
      EXPECT_NE(opened.error().message.find("free space on the disk of agent.state_dir"),
                std::string::npos)
          << opened.error().message;
    } else {
      EXPECT_GT(nth, 2);
    }
  }
  EXPECT_EQ(open()->counts().value().kept, 0);
}

TEST_F(SqliteSpoolTest, NoOtherConnectionGetsInWhileItIsOpen) {
  const auto spool = open();
  const auto second = SqliteDb::open(path(), {.busy_ms_max = 0});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::kConflict);
}

TEST_F(SqliteSpoolTest, AFullSpoolDropsWhatIsAcknowledgedAndGoesOn) {
  const auto spool = open({.page_count_max = 14});
  for (int i = 0; i < 300; ++i) {
    ASSERT_TRUE(spool->save(tick_of(1, {cpu_reading(slot_.plus(i), 1)}, slot_.plus(i)))) << i;
    const auto rows = spool->pending(1'000, slot_.plus(i).start()).value();
    ASSERT_TRUE(spool->acknowledge(versions_of(rows), now_));
  }
  EXPECT_LT(spool->counts().value().kept, 300);
  EXPECT_GT(spool->counts().value().kept, 1);
}

TEST_F(SqliteSpoolTest, AFullSpoolWithNothingToDropIsDiskFullAndKeepsWhatItHas) {
  const auto spool = open({.page_count_max = 17});
  int saved = 0;
  Code code = Code::kIo;
  for (; saved < 10'000; ++saved) {
    const auto result =
        spool->save(tick_of(1, {cpu_reading(slot_.plus(saved), 1)}, slot_.plus(saved)));
    if (result) continue;
    code = result.error().code;
    break;
  }
  EXPECT_EQ(code, Code::kDiskFull);
  EXPECT_EQ(spool->counts().value().kept, saved);
  EXPECT_TRUE(spool->counts().value().tight);
}

TEST_F(SqliteSpoolTest, WhatAFullSpoolHoldsIsStillOfferedAndAcknowledged) {
  for (const std::int64_t pages : {40, 48, 64, 65, 66, 67}) {
    fs::remove(path());
    const auto spool = open({.page_count_max = pages});
    // Five slots at a time; their names are of many lengths, so that some pages are full to the
    // last byte; views are never folded.
    std::int64_t rows_saved = 0;
    Slot next = slot_;
    for (;;) {
      std::vector<Reading> readings;
      for (; readings.size() < 10; next = next.next()) {
        const std::size_t length = 1 + readings.size() * 13 + static_cast<std::size_t>(pages) % 7;
        readings.push_back(cpu_reading(next, 1'000));
        readings.push_back(cpu_reading(next, 1, "view:" + std::string(length, 'v')));
      }
      if (!spool->save(tick_of(1, readings, next))) break;
      rows_saved += static_cast<std::int64_t>(readings.size());
    }
    std::int64_t sent = 0;
    for (;;) {
      const auto rows = spool->pending(500, next.start()).value();
      if (rows.empty()) break;
      const auto offered = spool->mark_offered(versions_of(rows));
      ASSERT_TRUE(offered) << pages << ": " << offered.error().message;
      const auto acknowledged = spool->acknowledge(versions_of(rows), now_);
      ASSERT_TRUE(acknowledged) << pages << ": " << acknowledged.error().message;
      sent += static_cast<std::int64_t>(rows.size());
    }
    EXPECT_EQ(sent, rows_saved) << pages;
    EXPECT_TRUE(spool->save(tick_of(1, {cpu_reading(next, 1)}, next)));
  }
}

TEST_F(SqliteSpoolTest, AFullSpoolFoldsTheSmallestScopesOfSlotsNeverOfferedExactly) {
  const auto spool = open({.page_count_max = 60});
  std::int64_t parts = 0;
  int slots = 0;
  for (; slots < 60; ++slots) {
    std::vector<Reading> readings{cpu_reading(slot_.plus(slots), 1'000)};
    for (std::int64_t i = 1; i <= 30; ++i) {
      readings.push_back(cpu_reading(slot_.plus(slots), i * 10, fmt::format("service:{:030}", i)));
      parts += i * 10;
    }
    readings.push_back(cpu_reading(slot_.plus(slots), 77, "view:all"));
    ASSERT_TRUE(spool->save(tick_of(1, readings, slot_.plus(slots)))) << slots;
  }
  const auto rows = spool->pending(100'000, slot_.plus(slots).start()).value();
  std::map<Slot, std::int64_t> in_slot;
  std::int64_t sum = 0;
  std::int64_t others = 0;
  for (const PendingRow& row : rows) {
    ++in_slot[row.reading.slot];
    if (row.reading.scope.str() == "other") ++others;
    if (row.reading.scope != machine_scope() && !is_view(row.reading.scope))
      sum += row.reading.used.at(MeterName("cpu"));
  }
  EXPECT_EQ(sum, parts);
  EXPECT_GT(others, 0);
  for (const PendingRow& row : rows)
    if (row.reading.final && row.reading.scope == machine_scope()) {
      EXPECT_EQ(row.reading.scopes, in_slot.at(row.reading.slot));
    }
}

TEST_F(SqliteSpoolTest, WhatIsLeftOfASlotThatWasPartlySentIsNotFolded) {
  // A round of the sender ends where it is full: behind any row of a slot.
  for (const std::size_t sent : {1U, 2U, 3U}) {
    TempDir dir;
    const auto opened =
        SqliteSpool::open((dir.path() / "spool.db").string(), {.page_count_max = 40}, now_);
    ASSERT_TRUE(opened);
    const auto& spool = opened.value().spool;
    const auto fill = [&](int slot) {
      std::vector<Reading> readings{cpu_reading(slot_.plus(slot), 1'000)};
      for (int i = 0; i < 20; ++i)
        readings.push_back(cpu_reading(slot_.plus(slot), 10, fmt::format("service:{:030}", i)));
      return spool->save(tick_of(1, readings, slot_.plus(slot)));
    };
    const auto first = [&] {
      auto rows = spool->pending(100'000, slot_.plus(1'000).start()).value();
      std::erase_if(rows, [&](const PendingRow& row) { return row.reading.slot != slot_; });
      return rows;
    };
    int slot = 0;
    const auto has_folded = [&] {
      return std::ranges::any_of(
          first(), [](const PendingRow& row) { return row.reading.scope.str() == "other"; });
    };
    while (!has_folded()) ASSERT_TRUE(fill(slot++));
    auto rows = first();
    ASSERT_GT(rows.size(), sent + 1);
    rows.resize(sent);
    ASSERT_TRUE(spool->mark_offered(versions_of(rows)));
    ASSERT_TRUE(spool->acknowledge(versions_of(rows), now_));
    const auto told = [&] {
      std::map<std::string, MeterTotals> used;
      for (const PendingRow& row : first()) used[row.reading.scope.str()] = row.reading.used;
      return used;
    };
    const auto left = told();
    for (int more = 0; more < 30; ++more) ASSERT_TRUE(fill(slot++));
    EXPECT_EQ(told(), left) << sent << " of its rows were sent";
  }
}

TEST_F(SqliteSpoolTest, ASlotThatGrowsLateIsFoldedLikeAnyOther) {
  const auto spool = open({.page_count_max = 60});
  const auto parts_of = [&](int slot, int parts) {
    // The machine uses what its parts do.
    std::vector<Reading> readings{cpu_reading(slot_.plus(slot), 1'000 + 10 * parts)};
    for (int i = 0; i < parts; ++i)
      readings.push_back(cpu_reading(slot_.plus(slot), 10, fmt::format("service:{:030}", i)));
    return readings;
  };
  const auto pending = [&] { return spool->pending(100'000, slot_.plus(1'000).start()).value(); };
  // Nothing to fold in the first slot; all behind it is folded, and then sent.
  for (int slot = 0; slot < 60; ++slot)
    ASSERT_TRUE(spool->save(tick_of(1, parts_of(slot, slot == 0 ? 1 : 30), slot_.plus(slot))));
  auto rows = pending();
  ASSERT_TRUE(std::ranges::any_of(
      rows, [](const PendingRow& row) { return row.reading.scope.str() == "other"; }));
  std::erase_if(rows, [&](const PendingRow& row) { return row.reading.slot == slot_; });
  ASSERT_TRUE(spool->acknowledge(versions_of(rows), now_));
  ASSERT_TRUE(spool->save(tick_of(1, parts_of(60, 0), slot_.plus(60))));
  // Now it has much to fold.
  ASSERT_TRUE(spool->save(tick_of(1, parts_of(0, 100), slot_.plus(60))));
  for (int slot = 61; slot < 100 && pending().size() > 60; ++slot) {
    ASSERT_TRUE(spool->save(tick_of(1, parts_of(slot, 60), slot_.plus(slot))));
    auto offered = pending();
    std::erase_if(offered, [&](const PendingRow& row) { return row.reading.slot == slot_; });
    ASSERT_TRUE(spool->mark_offered(versions_of(offered)));
  }
  rows = pending();
  EXPECT_TRUE(std::ranges::any_of(rows, [&](const PendingRow& row) {
    return row.reading.slot == slot_ && row.reading.scope.str() == "other";
  }));
}

TEST_F(SqliteSpoolTest, ANearlyFullSpoolTakesManyMoreSlotsWithinItsPages) {
  constexpr std::int64_t kPagesMax = 60;
  constexpr std::int64_t kScopes = 50;
  auto spool = open({.page_count_max = kPagesMax});
  int slots = 0;
  int tight_since = 0;
  std::int64_t parts = 0;
  for (; slots < 100; ++slots) {
    std::vector<Reading> readings{cpu_reading(slot_.plus(slots), kScopes * 10)};
    for (int i = 0; i < kScopes; ++i)
      readings.push_back(cpu_reading(slot_.plus(slots), 10, fmt::format("service:{:030}", i)));
    ASSERT_TRUE(spool->save(tick_of(1, readings, slot_.plus(slots)))) << slots;
    parts += kScopes * 10;
    const auto rows = spool->pending(100'000, slot_.plus(slots).start()).value();
    ASSERT_TRUE(spool->mark_offered(versions_of(rows)));
    if (tight_since == 0 && spool->counts().value().tight) tight_since = slots;
  }
  // Once tight, a slot costs two rows instead of fifty-one.
  EXPECT_GT(tight_since, 5);
  EXPECT_LT(tight_since, 40);
  std::int64_t sum = 0;
  const auto rows = spool->pending(100'000, slot_.plus(slots).start()).value();
  for (const PendingRow& row : rows)
    if (row.reading.scope != machine_scope()) sum += row.reading.used.at(MeterName("cpu"));
  EXPECT_EQ(sum, parts);
  spool.reset();
  EXPECT_LE(fs::file_size(path()), kPagesMax * 4'096);
}

TEST_F(SqliteSpoolTest, AScopeThatWasOfferedKeepsItsPlace) {
  auto spool = open();
  const std::vector<Reading> readings{cpu_reading(slot_, 9), cpu_reading(slot_, 1, "a"),
                                      cpu_reading(slot_, 2, "b"), cpu_reading(slot_, 3, "c")};
  ASSERT_TRUE(spool->save(tick_of(1, readings, slot_.next())));
  const auto rows = spool->pending(10, now_).value();
  ASSERT_TRUE(spool->mark_offered(std::vector<RowVersion>{rows[0].row_version()}));
  // The policy itself, on the same file.
  spool.reset();
  auto db = SqliteDb::open(path(), {});
  ASSERT_TRUE(db);
  FoldPlace from;
  EXPECT_EQ(fold_small_scopes(db.value(), from).value().rows, 0);
  ASSERT_TRUE(db.value().execute("UPDATE rows SET offered=0"));
  EXPECT_EQ(fold_small_scopes(db.value(), from).value().rows, 2);
}

TEST_F(SqliteSpoolTest, WhatWasOfferedIsNotWrittenAgainWhenItGrew) {
  const auto spool = open();
  const auto offer = [&](std::int64_t cpu) {
    EXPECT_TRUE(spool->save(tick_of(1, {cpu_reading(slot_, cpu)}, slot_)));
    const auto before = fs::file_size(path() + "-wal");
    EXPECT_TRUE(spool->mark_offered(versions_of(spool->pending(10, now_).value())));
    return fs::file_size(path() + "-wal") - before;
  };
  EXPECT_GT(offer(1), 0U);
  EXPECT_EQ(offer(2), 0U);
}

TEST_F(SqliteSpoolTest, AnAcknowledgementIsCommittedWithTheNextTick) {
  MemoryDisk disk(dir_.path().string() + "/");
  auto spool = open();
  ASSERT_TRUE(spool->save(tick_of(1, {cpu_reading(slot_, 1)}, slot_)));
  const auto acknowledge = [&] {
    const auto sent = versions_of(spool->pending(10, now_).value());
    EXPECT_EQ(sent.size(), 1U);
    EXPECT_TRUE(spool->mark_offered(sent));
    disk.arm(DiskFault::kWriteError, 1);
    EXPECT_TRUE(spool->acknowledge(sent, now_));
    EXPECT_FALSE(disk.has_struck()) << "nothing is written";
    disk.heal();
    EXPECT_EQ(spool->counts().value().waiting, 0);
    EXPECT_TRUE(spool->pending(10, now_).value().empty());
  };
  const auto waiting_after_kill = [&] {
    disk.arm(DiskFault::kCrash, 1);  // closing writes nothing
    spool.reset();
    disk.after_kill();
    spool = open();
    return spool->counts().value().waiting;
  };
  acknowledge();
  EXPECT_EQ(waiting_after_kill(), 1) << "sent once more";
  acknowledge();
  ASSERT_TRUE(spool->save(tick_of(1, {}, slot_)));
  EXPECT_EQ(waiting_after_kill(), 0);
  // An end in order loses nothing, and a tick that fails takes nothing but the acknowledgement.
  ASSERT_TRUE(spool->save(tick_of(1, {cpu_reading(slot_, 2)}, slot_)));
  acknowledge();
  spool.reset();
  spool = open();
  EXPECT_EQ(spool->counts().value().waiting, 0);
  ASSERT_TRUE(spool->save(tick_of(1, {cpu_reading(slot_, 3)}, slot_)));
  acknowledge();
  disk.arm(DiskFault::kWriteError, 1);
  EXPECT_FALSE(spool->save(tick_of(1, {cpu_reading(slot_, 4)}, slot_)));
  disk.heal();
  EXPECT_EQ(spool->counts().value().waiting, 1);
  EXPECT_EQ(spool->pending(10, now_).value().at(0).reading.used.at(MeterName("cpu")), 3);
  ASSERT_TRUE(spool->save(tick_of(1, {cpu_reading(slot_, 4)}, slot_)));
}

TEST_F(SqliteSpoolTest, WhatIsAcknowledgedWasOffered) {
  auto spool = open();
  for (const std::int64_t cpu : {1, 2}) {
    ASSERT_TRUE(spool->save(tick_of(1, {cpu_reading(slot_, cpu)}, slot_)));
    ASSERT_TRUE(spool->mark_offered(versions_of(spool->pending(10, now_).value())));
  }
  ASSERT_TRUE(spool->acknowledge(versions_of(spool->pending(10, now_).value()), now_));
  spool.reset();
  auto db = SqliteDb::open(path(), {});
  ASSERT_TRUE(db);
  EXPECT_EQ(db.value().integer("SELECT offered FROM rows").value(), 2);
}

TEST_F(SqliteSpoolTest, EpochsWithoutRowsAreForgottenInTheEnd) {
  const auto spool = open();
  for (int i = 0; i < 150; ++i) ASSERT_TRUE(spool->save(tick_of(i, {}, slot_)));
  ASSERT_TRUE(spool->save(tick_of(0, {cpu_reading(slot_, 1)}, slot_)));
  ASSERT_TRUE(spool->repeat_old(now_));
  EXPECT_EQ(spool->load().value().epochs.size(), 100U);
  EXPECT_EQ(spool->pending(10, now_).value().size(), 1U);  // its epoch is still known
}

TEST(SpoolUsedTest, TextAndBack) {
  const MeterTotals used{{MeterName("cpu"), 5}, {MeterName("uptime"), INT64_MAX}};
  EXPECT_EQ(used_text(used), "cpu=5,uptime=9223372036854775807");
  EXPECT_EQ(parse_used(used_text(used)).value(), used);
  EXPECT_TRUE(parse_used("").value().empty());
  for (const char* const text :
       {"cpu", "cpu=", "=5", "cpu=-1", "cpu=5,,uptime=1", "CPU=5", "cpu=5;a=1"}) {
    const auto parsed = parse_used(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, Code::kDamaged);
  }
}

}  // namespace
}  // namespace meterbill
