// A stopped agent's spool, looked at: what it says, what is wrong with it, and that nothing of it
// changes.
#include "adapters/sqlite/sqlite_spool_file.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "adapters/sqlite/sqlite_spool.h"
#include "support/temp_dir.h"

namespace meterbill {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;

const Slot kSlot = Slot::parse("2026-11-22T10:15:00Z").value();

Reading reading(Slot slot, std::int64_t cpu, const std::string& scope) {
  Reading reading;
  reading.slot = slot;
  reading.scope = ScopeName(scope);
  reading.used = {{MeterName("cpu"), cpu}};
  if (scope == "machine") reading.cover = Cover{.from_us = 0, .to_us = 5, .metered_us = 5};
  return reading;
}

TickRecord tick(std::vector<Reading> readings, Slot current) {
  TickRecord record;
  record.epochs.push_back({{.id = EpochId("00000000000000000000000000000001"),
                            .boot = BootId("boot-a"),
                            .labels = {{"site", "lab-3"}},
                            .started = kSlot,
                            .machine = MachineId("web-1")},
                           std::move(readings)});
  record.current = current;
  record.checkpoint.boot = BootId("boot-a");
  record.checkpoint.at = {.utc = current.start(), .monotonic_us = 5, .boot_us = 5};
  return record;
}

class SpoolFileTest : public testing::Test {
 protected:
  [[nodiscard]] std::string path() const { return (dir_.path() / "spool.db").string(); }

  /// Two slots: of the first the machine's row is acknowledged and one part set aside; the second
  /// is running, its machine offered.
  std::unique_ptr<SqliteSpool> filled() {
    auto spool = std::move(SqliteSpool::open(path(), {}, now_).value().spool);
    EXPECT_TRUE(spool->save(tick({reading(kSlot, 9, "machine"), reading(kSlot, 4, "service:a"),
                                  reading(kSlot, 5, "user:b"), reading(kSlot, 99, "view:c")},
                                 kSlot)));
    EXPECT_TRUE(spool->save(tick({reading(kSlot.next(), 3, "machine")}, kSlot.next())));
    const auto rows = spool->pending(100, now_).value();
    std::vector<RowVersion> versions;
    for (const PendingRow& row : rows) versions.push_back(row.row_version());
    EXPECT_EQ(versions.size(), 5U);
    EXPECT_TRUE(spool->mark_offered(versions));
    EXPECT_TRUE(spool->acknowledge({versions.data(), 1}, now_));
    EXPECT_TRUE(spool->set_aside(versions[1], "400: not plausible", now_));
    return spool;
  }

  /// What an agent killed now would leave: the file and its log, as they are on disk.
  void leave_as_killed() {
    const fs::path aside = dir_.path() / "killed";
    {
      const auto spool = filled();
      fs::create_directory(aside);
      for (const char* name : {"spool.db", "spool.db-wal"})
        fs::copy_file(dir_.path() / name, aside / name);
    }
    for (const char* name : {"spool.db", "spool.db-wal"})
      fs::rename(aside / name, dir_.path() / name);
    fs::remove(aside);
  }

  [[nodiscard]] std::map<std::string, std::string> files() const {
    std::map<std::string, std::string> found;
    for (const auto& entry : fs::directory_iterator(dir_.path())) {
      std::ifstream file(entry.path(), std::ios::binary);
      found[entry.path().filename().string()] = {std::istreambuf_iterator<char>(file), {}};
    }
    return found;
  }

  void change(const std::string& sql) {
    SqliteDb db = SqliteDb::open(path(), {}).value();
    ASSERT_TRUE(db.execute("PRAGMA foreign_keys=OFF; " + sql)) << sql;
  }

  [[nodiscard]] std::vector<std::string> faults() const {
    std::vector<std::string> found;
    const auto all = SqliteSpoolFile::open(path()).value()->verify().value();
    for (const SpoolFault& fault : all) found.push_back(fault.where + ": " + fault.what);
    return found;
  }

  TempDir dir_;
  UtcTime now_ = parse_utc("2026-11-22T10:31:07Z").value();
};

TEST_F(SpoolFileTest, SaysOfEachRowHowFarItGot) {
  filled().reset();
  std::vector<SpoolRow> rows;
  ASSERT_TRUE(SqliteSpoolFile::open(path()).value()->rows([&](const SpoolRow& row) {
    rows.push_back(row);
    return Result<void>(ok());
  }));
  ASSERT_EQ(rows.size(), 5U);
  const SpoolRow& machine = rows[0];
  EXPECT_EQ(machine.machine, "web-1");
  EXPECT_EQ(machine.boot, "boot-a");
  EXPECT_EQ(machine.labels, (Labels{{"site", "lab-3"}}));
  EXPECT_EQ(machine.reading.slot, kSlot);
  EXPECT_TRUE(machine.reading.final);
  EXPECT_EQ(machine.reading.scopes, 4);
  EXPECT_EQ(machine.reading.cover->to_us, 5);
  EXPECT_EQ(machine.reading.used.at(MeterName("cpu")), 9);
  EXPECT_EQ(machine.acknowledged, machine.version);
  EXPECT_EQ(machine.acknowledged_at, now_);
  EXPECT_FALSE(machine.waits());
  EXPECT_EQ(rows[1].aside, "400: not plausible");
  EXPECT_EQ(rows[1].aside_since, now_);
  EXPECT_FALSE(rows[1].waits());
  EXPECT_TRUE(rows[4].waits());
  EXPECT_EQ(rows[4].offered, rows[4].version);
  EXPECT_FALSE(rows[4].reading.final);
}

TEST_F(SpoolFileTest, NothingChangesAlsoNotWhatAKillLeft) {
  leave_as_killed();
  const auto before = files();
  ASSERT_EQ(before.size(), 2U);
  ASSERT_GT(before.at("spool.db-wal").size(), 0U);
  {
    const auto spool = SqliteSpoolFile::open(path()).value();
    int rows = 0;
    ASSERT_TRUE(spool->rows([&](const SpoolRow&) {
      ++rows;
      return Result<void>(ok());
    }));
    EXPECT_EQ(rows, 5) << "what is in the log counts";
    EXPECT_THAT(spool->verify().value(), IsEmpty());
    EXPECT_EQ(files(), before);
  }
  EXPECT_EQ(files(), before);
}

TEST_F(SpoolFileTest, ARunningAgentKeepsItAndTheRemedyIsNamed) {
  const auto spool = filled();
  const auto opened = SqliteSpoolFile::open(path());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::kConflict);
  EXPECT_THAT(opened.error().message, HasSubstr("stop the agent first"));
}

TEST_F(SpoolFileTest, WhatIsNoSpoolOfThisVersionIsRefused) {
  EXPECT_EQ(SqliteSpoolFile::open(path()).error().code, Code::kNotFound);
  filled().reset();
  change("PRAGMA user_version=99");
  EXPECT_EQ(SqliteSpoolFile::open(path()).error().code, Code::kTooNew);
  change("PRAGMA user_version=1");
  EXPECT_EQ(SqliteSpoolFile::open(path()).error().code, Code::kConflict);
  change("PRAGMA user_version=2; PRAGMA application_id=5");
  EXPECT_EQ(SqliteSpoolFile::open(path()).error().code, Code::kInvalid);
  std::ofstream(path()) << std::string(10'000, 'x');
  EXPECT_EQ(SqliteSpoolFile::open(path()).error().code, Code::kDamaged);
}

TEST_F(SpoolFileTest, EachThingThatCannotBeIsNamedWithItsPlace) {
  const std::string first =
      "epoch 00000000000000000000000000000001 slot 2026-11-22T10:15:00Z scope ";
  struct Case {
    const char* sql;
    std::string where;
    const char* what;
  };
  const Case cases[] = {
      {"UPDATE rows SET used='cpu=x' WHERE scope='user:b'", first + "user:b",
       "not a meter's total"},
      {"UPDATE rows SET scope='B' WHERE scope='user:b'", first + "B", "its scope is none"},
      {"UPDATE epochs SET machine='-'", first + "machine", "its machine's name is none"},
      {"UPDATE rows SET version=0, offered=0, acknowledged=0 WHERE scope='user:b'",
       first + "user:b", "its version is below 1"},
      {"UPDATE rows SET offered=version+1 WHERE scope='user:b'", first + "user:b",
       "a version was offered that it never had"},
      {"UPDATE rows SET offered=acknowledged-1 WHERE scope='machine' AND final=1",
       first + "machine", "acknowledged that was never offered"},
      {"UPDATE rows SET acknowledged_at=NULL WHERE acknowledged>0", first + "machine",
       "it is acknowledged, but not when"},
      {"UPDATE rows SET aside_at=NULL", first + "service:a", "set aside without reason or time"},
      {"UPDATE rows SET off_us=NULL WHERE scope='machine' AND final=1", first + "machine",
       "does not say which time it covers"},
      {"UPDATE rows SET to_us=-1 WHERE scope='machine' AND final=1", first + "machine",
       "the time it covers is negative"},
      {"UPDATE rows SET from_us=1 WHERE scope='user:b'", first + "user:b",
       "a part covers no time of its own"},
      {"UPDATE rows SET scopes=3 WHERE scope='machine' AND final=1", first + "machine",
       "has fewer scopes than there are"},
      {"UPDATE rows SET final=0 WHERE scope='user:b'", first + "user:b",
       "its epoch has gone on to a later slot"},
      {"INSERT INTO epochs(epoch, boot, started, machine) VALUES('e', 'boot-a', 0, 'web-1')",
       "slot 2026-11-22T10:30:00Z scope machine", "not final, though its epoch has ended"},
      {"UPDATE checkpoint SET ended=2", "slot 2026-11-22T10:30:00Z scope machine",
       "not final, though the agent was stopped"},
      {"DELETE FROM checkpoint", first + "machine", "it was saved without a checkpoint"},
      {"UPDATE checkpoint SET boot='boot-b'", first + "machine", "of another boot"},
      {"UPDATE checkpoint SET boot_us=4", first + "machine", "it covers time after the checkpoint"},
      {"UPDATE rows SET used='cpu=6' WHERE scope='user:b'", first.substr(0, first.size() - 7),
       "the parts have 10 of cpu, their machine 9"},
      {"UPDATE rows SET slot=slot+1 WHERE scope='user:b'", "scope user:b",
       "does not begin on a quarter hour"},
      {"INSERT INTO folded VALUES(1, 0, 0, 0, 1, 1, 1)", "what was folded", "it says no rows"},
      {"INSERT INTO folded VALUES(1, 1, 900, 0, 1, 1, 1)", "what was folded", "cannot be"},
      {"DELETE FROM epochs", "scope machine", "its epoch is not there"},
  };
  filled().reset();
  EXPECT_THAT(faults(), IsEmpty());
  const auto sound = files();
  for (const Case& of : cases) {
    std::ofstream(path(), std::ios::binary) << sound.at("spool.db");
    change(of.sql);
    const auto found = faults();
    EXPECT_THAT(found, testing::Contains(testing::AllOf(HasSubstr(of.where), HasSubstr(of.what))))
        << of.sql;
  }
}

TEST_F(SpoolFileTest, ADamagedPageIsFoundBeforeRowsAreBelieved) {
  filled().reset();
  std::fstream file(path(), std::ios::binary | std::ios::in | std::ios::out);
  const auto bytes = static_cast<std::int64_t>(fs::file_size(path()));
  for (std::int64_t page = 1; page < bytes / 4096; ++page) {
    file.seekp(page * 4096 + 3);
    file << "\xff\xff";
  }
  file.close();
  const auto found = faults();
  ASSERT_FALSE(found.empty());
  for (const std::string& fault : found) EXPECT_THAT(fault, testing::StartsWith("the file: "));
}

}  // namespace
}  // namespace meterbill
