#include "adapters/sqlite/migrations.h"

#include <gmock/gmock.h>
#include <sqlite3.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "adapters/sqlite/sqlite_ledger.h"
#include "support/ledger_batches.h"
#include "support/ledger_dump.h"
#include "support/temp_dir.h"

namespace meterbill {
namespace {

using testing::HasSubstr;

/// A ledger of today, seen by a program that has one step more.
class MigrationTest : public testing::Test {
 protected:
  MigrationTest() : steps_(ledger_migrations().begin(), ledger_migrations().end()) {
    auto ledger = SqliteLedger::open(path(), {}, clock_).value();
    const std::int64_t fence = ledger->claim(kKafka).value().fence;
    EXPECT_TRUE(ledger->commit(batch(1), {{kKafka, fence}}));
    EXPECT_TRUE(ledger->commit(batch(2), {{kKafka, fence}}));
    state_ = dump(*ledger);
  }
  std::string path() const { return (folder_.path() / "ledger.db").string(); }
  std::string copy() const { return path() + ".before-" + std::to_string(steps_.size()); }
  SqliteDb open() { return SqliteDb::open(path(), {}).value(); }

  TempDir folder_;
  SystemClock clock_;
  std::vector<Migration> steps_;
  std::string state_;
};

TEST_F(MigrationTest, ANewLedgerIsMadeByAllStepsWithoutACopy) {
  EXPECT_FALSE(std::filesystem::exists(copy()));
  SqliteDb db = open();
  EXPECT_EQ(db.integer("PRAGMA user_version").value(), static_cast<std::int64_t>(steps_.size()));
  EXPECT_EQ(inspect_ledger(db, steps_).value(), LedgerState::kCurrent);
  EXPECT_GT(db.integer("SELECT created_us FROM meta").value(), 0);
}

TEST_F(MigrationTest, AnOlderLedgerIsCopiedThenMigrated) {
  steps_.push_back(
      {"CREATE TABLE invoice(invoice INTEGER PRIMARY KEY) STRICT;"
       "INSERT INTO invoice SELECT commits FROM meta"});
  SqliteDb db = open();
  EXPECT_EQ(inspect_ledger(db, steps_).value(), LedgerState::kOlder);
  ASSERT_TRUE(migrate_ledger(db, path(), steps_));
  EXPECT_EQ(db.integer("SELECT invoice FROM invoice").value(), 2);
  EXPECT_EQ(inspect_ledger(db, steps_).value(), LedgerState::kCurrent);
  // Going back: the older program with the copy in place.
  EXPECT_EQ(dump(*SqliteLedgerReader::open(copy()).value()), state_);
  EXPECT_EQ(SqliteLedgerReader::open(path()).error().code, Code::kTooNew);
}

TEST_F(MigrationTest, AStepThatFailsLeavesTheLedgerAsItWas) {
  steps_.push_back({"CREATE TABLE one(x INTEGER) STRICT"});
  steps_.push_back({"INSERT INTO missing VALUES (1)"});
  {
    SqliteDb db = open();
    const auto migrated = migrate_ledger(db, path(), steps_);
    ASSERT_FALSE(migrated);
    EXPECT_THAT(migrated.error().message, HasSubstr(copy()));
  }
  EXPECT_EQ(dump(*SqliteLedgerReader::open(path()).value()), state_);
  // Tried again after the step was repaired, the copy of the first try is replaced.
  steps_.back() = {"CREATE TABLE two(x INTEGER) STRICT"};
  SqliteDb db = open();
  ASSERT_TRUE(migrate_ledger(db, path(), steps_));
  EXPECT_EQ(dump(*SqliteLedgerReader::open(copy()).value()), state_);
}

TEST_F(MigrationTest, WithoutACopyNothingIsMigrated) {
  steps_.push_back({"CREATE TABLE one(x INTEGER) STRICT"});
  std::filesystem::create_directory(copy());
  SqliteDb db = open();
  ASSERT_FALSE(migrate_ledger(db, path(), steps_));
  EXPECT_EQ(inspect_ledger(db, ledger_migrations()).value(), LedgerState::kCurrent);
}

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST_F(MigrationTest, AFileOfAnotherProgramIsRefusedAndLeftAsItIs) {
  const std::string other = (folder_.path() / "other.db").string();
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(other.c_str(), &db), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(db, "CREATE TABLE invoice(x); INSERT INTO invoice VALUES (1)", nullptr,
                         nullptr, nullptr),
            SQLITE_OK);
  ASSERT_EQ(sqlite3_close(db), SQLITE_OK);
  const std::string before = bytes_of(other);
  const auto ledger = SqliteLedger::open(other, {}, clock_);
  ASSERT_FALSE(ledger);
  EXPECT_EQ(ledger.error().code, Code::kInvalid);
  EXPECT_THAT(ledger.error().message, HasSubstr("is no ledger of MeterBill"));
  EXPECT_EQ(bytes_of(other), before);
}

TEST(LedgerOfSchema1Test, IsCopiedAndItsHoldsAndTotalsAreLeftToBeDerivedAnew) {
  const TempDir folder;
  const std::string path = (folder.path() / "ledger.db").string();
  {
    SqliteDb db = SqliteDb::open(path, {}).value();
    ASSERT_TRUE(migrate_ledger(db, path, ledger_migrations().first(1)));
    ASSERT_TRUE(
        db.execute("UPDATE meta SET segments_digest='of then';"
                   "INSERT INTO machine VALUES (1, 'web-1');"
                   "INSERT INTO epoch VALUES (7, 1, '00000000000000000000000000000001', 'a', 0);"
                   "INSERT INTO hold VALUES (1, 7, 900)"));
  }
  const SystemClock clock;
  const auto ledger = SqliteLedger::open(path, {}, clock).value();
  EXPECT_EQ(ledger->holds(MachineKey{1}).value(),
            (Holds{{EpochKey{7}, {Slot::containing(UtcTime{900'000'000}), {}}}}));
  EXPECT_EQ(ledger->facts().value().segments_digest, "");
  SqliteDb copy = SqliteDb::open(path + ".before-8", {}).value();
  EXPECT_EQ(copy.integer("PRAGMA user_version").value(), 1);
  EXPECT_EQ(copy.integer("SELECT from_slot FROM hold").value(), 900);
}

TEST_F(MigrationTest, EpochsOfTheSecondSchemaWereSeenWithTheirMachine) {
  const TempDir folder;
  const std::string path = (folder.path() / "ledger.db").string();
  {
    SqliteDb db = SqliteDb::open(path, {}).value();
    ASSERT_TRUE(migrate_ledger(db, path, ledger_migrations().first(2)));
    ASSERT_TRUE(
        db.execute("UPDATE meta SET segments_digest='of then';"
                   "INSERT INTO machine VALUES (1, 'web-1'), (2, 'app-1'), (3, 'gone');"
                   "INSERT INTO epoch VALUES (7, 1, '00000000000000000000000000000001', 'a', 0),"
                   "(8, 2, 'events', '', 0), (9, 3, '00000000000000000000000000000001', 'a', 0);"
                   "INSERT INTO machine_facts VALUES (1, 900, 1800, 2000000000, NULL, '5', '6'),"
                   "(2, 900, 900, 1000000000, 3000000000, '', '')"));
  }
  const SystemClock clock;
  const auto ledger = SqliteLedger::open(path, {}, clock).value();
  EXPECT_EQ(ledger->facts().value().segments_digest, "") << "facts are derived at the next start";
  const auto machines = ledger->machines().value();
  const Sighting web = seen_at({2'000'000'000}, "5", "6");
  const Sighting app = seen_at({1'000'000'000}, "", "");
  EXPECT_EQ(machines.at(MachineKey{1}).seen, web);
  EXPECT_EQ(machines.at(MachineKey{2}).seen, app);
  EXPECT_EQ(machines.at(MachineKey{2}).retired, UtcTime{3'000'000'000});
  EXPECT_EQ(ledger->epochs(MachineKey{1}).value().at(EpochKey{7}).seen, web);
  EXPECT_EQ(ledger->epochs(MachineKey{2}).value().at(EpochKey{8}).seen, app);
  EXPECT_EQ(ledger->epochs(MachineKey{3}).value().at(EpochKey{9}).seen, Sighting{});
}

TEST_F(MigrationTest, TotalsOfTheThirdSchemaAreLeftToBeDerivedAnew) {
  const TempDir folder;
  const std::string path = (folder.path() / "ledger.db").string();
  {
    SqliteDb db = SqliteDb::open(path, {}).value();
    ASSERT_TRUE(migrate_ledger(db, path, ledger_migrations().first(3)));
    ASSERT_TRUE(
        db.execute("UPDATE meta SET segments_digest='of then';"
                   "INSERT INTO machine VALUES (1, 'web-1');"
                   "INSERT INTO scope VALUES (1, 'machine'); INSERT INTO meter VALUES (1, 'cpu');"
                   "INSERT INTO total VALUES (1, 1, 0, 1, 900, '5')"));
  }
  const SystemClock clock;
  const auto ledger = SqliteLedger::open(path, {}, clock).value();
  EXPECT_EQ(ledger->totals(MachineKey{1}).value(), Totals());
  EXPECT_EQ(ledger->facts().value().segments_digest, "");
}

/// The digest of the price segments after a ledger of that schema was opened.
std::string digest_after_migration_from(std::size_t schema) {
  const TempDir folder;
  const std::string path = (folder.path() / "ledger.db").string();
  {
    SqliteDb db = SqliteDb::open(path, {}).value();
    EXPECT_TRUE(migrate_ledger(db, path, ledger_migrations().first(schema)));
    EXPECT_TRUE(db.execute("UPDATE meta SET segments_digest='of then'"));
  }
  const SystemClock clock;
  return SqliteLedger::open(path, {}, clock).value()->facts().value().segments_digest;
}

TEST_F(MigrationTest, TotalsOfTimeAreLeftToBeSummedAnew) {
  EXPECT_EQ(digest_after_migration_from(6), "") << "that had none";
  EXPECT_EQ(digest_after_migration_from(7), "") << "that counted time of two agents twice";
  EXPECT_EQ(digest_after_migration_from(8), "of then");
}

TEST_F(MigrationTest, PositionsOfTheFifthSchemaGoOnAndTheirGapsBeginAtATimeThatIsNotKnown) {
  const TempDir folder;
  const std::string path = (folder.path() / "ledger.db").string();
  {
    SqliteDb db = SqliteDb::open(path, {}).value();
    ASSERT_TRUE(migrate_ledger(db, path, ledger_migrations().first(5)));
    ASSERT_TRUE(
        db.execute("UPDATE meta SET segments_digest='of then';"
                   "INSERT INTO source(source, fence) VALUES ('kafka:abc/resource_usage', 3);"
                   "INSERT INTO position VALUES ('kafka:abc/resource_usage', 1, 2, 9, 8, "
                   "zeroblob(32), 4)"));
  }
  const SystemClock clock;
  const auto ledger = SqliteLedger::open(path, {}, clock).value();
  const PartitionPosition position{.partition = 1,
                                   .incarnation = 2,
                                   .next_offset = 9,
                                   .anchor = Anchor{.offset = 8, .digest = {}, .recorded = {}},
                                   .replay_until = 4};
  EXPECT_EQ(ledger->positions().value().at(kKafka), std::vector{position});
  EXPECT_TRUE(ledger->gaps().value().empty());
}

TEST_F(MigrationTest, AReaderAsksForAnOlderLedgerToBeMigratedFirst) {
  {
    SqliteDb db = open();
    ASSERT_TRUE(db.execute("PRAGMA user_version=0"));
  }
  const auto reader = SqliteLedgerReader::open(path());
  ASSERT_FALSE(reader);
  EXPECT_THAT(reader.error().message, HasSubstr("start the worker once"));
}

TEST(LedgerOfSchema4Test, ItsEvidenceMayBeOfAnyRowAndWhatItForgotIsNotKnown) {
  const TempDir folder;
  const std::string path = (folder.path() / "ledger.db").string();
  {
    SqliteDb db = SqliteDb::open(path, {}).value();
    ASSERT_TRUE(migrate_ledger(db, path, ledger_migrations().first(4)));
    ASSERT_TRUE(db.execute(
        "UPDATE meta SET commits=9;"
        "INSERT INTO evidence VALUES (7, 1000000, 1, 5, x'00'), (9, 2000000, 1, 5, x'00')"));
  }
  const SystemClock clock;
  const auto ledger = SqliteLedger::open(path, {}, clock).value();
  EXPECT_EQ(ledger->facts().value().evidence_forgotten, UtcTime{1'000'000});
  const std::int64_t fence = ledger->claim(kKafka).value().fence;
  ASSERT_TRUE(ledger->commit(batch(1), {{kKafka, fence}}));
  std::vector<std::int64_t> batches;
  const std::vector<RowKey> rows{{kWeb, slot(5)}};
  const auto all = ledger->evidence_of(rows, 8, 10).value();
  for (const EvidenceBatch& found : all) batches.push_back(found.batch);
  EXPECT_EQ(batches, (std::vector<std::int64_t>{9}))
      << "not the new one, which changed another row";
}

}  // namespace
}  // namespace meterbill
