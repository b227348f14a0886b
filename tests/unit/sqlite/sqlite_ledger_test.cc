#include "adapters/sqlite/sqlite_ledger.h"

#include <gmock/gmock.h>
#include <sqlite3.h>

#include <filesystem>
#include <fstream>

#include "adapters/sqlite/ledger_remedies.h"
#include "adapters/sqlite/sqlite_ledger_files.h"
#include "support/evidence_items.h"
#include "support/ledger_batches.h"
#include "support/ledger_dump.h"
#include "support/temp_dir.h"

namespace meterbill {
namespace {

using testing::HasSubstr;

class SqliteLedgerTest : public testing::Test {
 protected:
  std::string path() const { return (folder_.path() / "ledger.db").string(); }
  Result<std::unique_ptr<SqliteLedger>> try_open() {
    return SqliteLedger::open(path(), limits_, clock_);
  }
  void open() {
    auto opened = try_open();
    ASSERT_TRUE(opened) << opened.error().message;
    ledger_ = std::move(opened).value();
    fence_ = ledger_->claim(kKafka).value().fence;
  }
  void given(int batches) {
    open();
    for (int number = 1; number <= batches; ++number) commit(batch(number));
  }
  void commit(const WriteSet& write) {
    ASSERT_EQ(ledger_->commit(write, {{kKafka, fence_}}).value(), CommitOutcome::kCommitted);
  }
  /// As an operator with the sqlite3 program would, while no ledger is open.
  void execute(const std::string& sql) {
    auto db = SqliteDb::open(path(), {});
    ASSERT_TRUE(db) << db.error().message;
    ASSERT_TRUE(db.value().execute(sql));
  }
  std::int64_t wal_bytes() const {
    std::error_code none;
    const auto size = std::filesystem::file_size(path() + "-wal", none);
    return none ? 0 : static_cast<std::int64_t>(size);
  }

  TempDir folder_;
  SystemClock clock_;
  LedgerLimits limits_;
  std::unique_ptr<SqliteLedger> ledger_;
  std::int64_t fence_ = 0;
};

TEST_F(SqliteLedgerTest, AStartSaysWhatItIsAt) {
  given(1);
  ledger_.reset();
  StartProgress progress;
  execute("PRAGMA user_version=1000");
  EXPECT_FALSE(SqliteLedger::open(path(), limits_, clock_, &progress));
  EXPECT_EQ(progress.line(), "starting: checking the ledger");
  execute("PRAGMA user_version=" + std::to_string(ledger_migrations().size()));
  EXPECT_TRUE(SqliteLedger::open(path(), limits_, clock_, &progress));
  EXPECT_EQ(progress.line(), "starting: bringing the ledger up to date");
}

TEST_F(SqliteLedgerTest, ASecondWorkerIsToldWhoHoldsTheLedger) {
  given(1);
  const auto second = try_open();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::kConflict);
  EXPECT_THAT(second.error().message, HasSubstr("process " + std::to_string(getpid())));
  EXPECT_THAT(second.error().message, HasSubstr("stop it first"));
  ledger_.reset();
  EXPECT_TRUE(try_open());
}

TEST_F(SqliteLedgerTest, EveryTableIsStrict) {
  given(0);
  ledger_.reset();
  auto db = SqliteDb::open(path(), {}).value();
  EXPECT_GT(db.integer("SELECT count(*) FROM pragma_table_list WHERE schema='main'").value(), 10);
  EXPECT_EQ(db.integer("SELECT count(*) FROM pragma_table_list WHERE strict=0 AND schema='main' "
                       "AND name NOT LIKE 'sqlite%'")
                .value(),
            0);
}

TEST_F(SqliteLedgerTest, ALedgerOfALaterProgramIsRefusedWithTheRemedy) {
  given(1);
  ledger_.reset();
  execute("PRAGMA user_version=99");
  const auto writer = try_open();
  ASSERT_FALSE(writer);
  EXPECT_EQ(writer.error().code, Code::kTooNew);
  EXPECT_THAT(writer.error().message, HasSubstr("install the program that wrote it"));
  EXPECT_THAT(writer.error().message, HasSubstr("ledger.db.before-"));
  EXPECT_EQ(SqliteLedgerReader::open(path()).error().code, Code::kTooNew);
  EXPECT_EQ(SqliteLedgerReader::open_stopped(path()).error().message,
            SqliteLedgerReader::open(path()).error().message);
}

TEST_F(SqliteLedgerTest, AnotherDatabaseIsNotTakenForALedger) {
  execute("CREATE TABLE t(x)");
  EXPECT_EQ(try_open().error().code, Code::kInvalid);
}

TEST_F(SqliteLedgerTest, ADamagedFileIsRefusedWithTheRemedy) {
  given(1);
  WriteSet many;
  for (int i = 0; i < 2'000; ++i) many.rows[{kWeb, slot(i)}] = row(kWebEpoch, i);
  commit(many);
  ledger_.reset();
  const auto pages = static_cast<std::streamoff>(std::filesystem::file_size(path()) / 4'096);
  std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
  for (std::streamoff page = pages / 2; page < pages; ++page) {
    file.seekp(page * 4'096);
    file << std::string(64, '\xa5');
  }
  file.close();
  const auto opened = try_open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::kDamaged);
  EXPECT_THAT(opened.error().message, HasSubstr("\n" + restore_commands(path())));
}

TEST_F(SqliteLedgerTest, AFileThatIsNoDatabaseIsDamaged) {
  std::ofstream(path()) << std::string(8'192, 'x');
  EXPECT_EQ(try_open().error().code, Code::kDamaged);
}

TEST_F(SqliteLedgerTest, ADamagedRowNamesItsMachineAndSlot) {
  given(2);
  ledger_.reset();
  execute("UPDATE usage_row SET packed=x'01ff' WHERE slot=" +
          std::to_string(slot(1).unix_seconds()));
  open();
  int good = 0;
  const auto walked = ledger_->rows(kWeb, {slot(), slot(9)}, [&](Slot, const UsageRow&) {
    ++good;
    return Result<void>(ok());
  });
  ASSERT_FALSE(walked);
  EXPECT_EQ(good, 1);
  EXPECT_EQ(walked.error().code, Code::kDamaged);
  EXPECT_THAT(walked.error().message, HasSubstr("machine web-1, slot 2026-11-22T10:15:00Z"));
  const std::vector<RowKey> keys{{kWeb, slot(1)}};
  EXPECT_EQ(ledger_->load(keys, {}, {}).error().code, Code::kDamaged);
  EXPECT_TRUE(ledger_->totals(kWeb)) << "the rest can still be read";
}

TEST_F(SqliteLedgerTest, AReaderSeesEachCommitAndCannotBeInTheWay) {
  given(1);
  const auto reader = SqliteLedgerReader::open(path()).value();
  EXPECT_EQ(dump(*reader), dump(*ledger_));
  bool committed = false;
  const auto walked = reader->rows(kWeb, {slot(), slot(9)}, [&](Slot, const UsageRow&) {
    if (!std::exchange(committed, true)) commit(batch(2));
    return Result<void>(ok());
  });
  ASSERT_TRUE(walked);
  EXPECT_TRUE(committed);
  EXPECT_EQ(reader->facts().value().commits, 2);
  EXPECT_EQ(dump(*reader), dump(*ledger_));
}

TEST_F(SqliteLedgerTest, AReaderLeavesTheWalToTheWriter) {
  given(2);
  const std::int64_t before = wal_bytes();
  ASSERT_GT(before, 0);
  { EXPECT_TRUE(SqliteLedgerReader::open(path()).value()->facts()); }
  EXPECT_EQ(wal_bytes(), before);
}

TEST_F(SqliteLedgerTest, AReaderOfAStoppedLedgerKeepsTheWorkerAway) {
  EXPECT_EQ(SqliteLedgerReader::open(path()).error().code, Code::kNotFound);
  given(1);
  EXPECT_EQ(SqliteLedgerReader::open_stopped(path()).error().code, Code::kConflict);
  const std::string running = dump(*ledger_);
  ledger_.reset();
  auto reader = SqliteLedgerReader::open_stopped(path()).value();
  EXPECT_EQ(dump(*reader), running);
  EXPECT_EQ(try_open().error().code, Code::kConflict);
  reader.reset();
  EXPECT_TRUE(try_open());
}

TEST_F(SqliteLedgerTest, SeveralMayReadAStoppedLedgerAndNeitherChangesAFile) {
  given(3);
  const std::string running = dump(*ledger_);
  ledger_.reset();
  const auto files = [this] {
    std::map<std::string, std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
      std::ifstream file(entry.path(), std::ios::binary);
      found[entry.path().filename().string()] = {std::istreambuf_iterator<char>(file), {}};
    }
    return found;
  };
  const auto before = files();
  ASSERT_TRUE(before.contains("ledger.db"));
  {
    const auto one = SqliteLedgerReader::open_stopped(path()).value();
    const auto other = SqliteLedgerReader::open_stopped(path()).value();
    EXPECT_EQ(dump(*one), running);
    EXPECT_EQ(dump(*other), running);
  }
  EXPECT_EQ(files(), before);
}

TEST_F(SqliteLedgerTest, WhoMayNotReadALedgerIsToldWhatToDo) {
  given(1);
  const std::string running = SqliteLedgerReader::open_stopped(path()).error().message;
  EXPECT_THAT(running, HasSubstr("process " + std::to_string(getpid())));
  EXPECT_THAT(running, HasSubstr("--server URL, or stop it"));
  ledger_.reset();
  const auto reader = SqliteLedgerReader::open_stopped(path()).value();
  EXPECT_THAT(try_open().error().message, HasSubstr("is being read"));
}

TEST_F(SqliteLedgerTest, TheWalStaysShortUnderLoadAndIsEmptiedWhenIdle) {
  given(1);
  std::int64_t longest = 0;
  for (int round = 0; round < 100; ++round) {
    WriteSet write;
    write.evidence = {evidence(
        {{.source = kKafka, .position = {}, .delivery = delivery(noise(100'000))}}, {}, {})};
    commit(write);
    ASSERT_TRUE(ledger_->maintain(slot().start()));
    longest = std::max(longest, wal_bytes());
  }
  EXPECT_LT(longest, 5 << 20);
  ASSERT_TRUE(ledger_->maintain(slot().start()));
  EXPECT_EQ(wal_bytes(), 0);
}

TEST_F(SqliteLedgerTest, EvidencePastItsSpaceIsForgottenOldestFirst) {
  limits_.evidence_bytes_max = 100'000;
  given(1);
  for (int i = 0; i < 30; ++i) {
    WriteSet write;
    write.at = slot().start();
    write.evidence = {
        evidence({{.source = kKafka, .position = {0, i}, .delivery = delivery(noise(10'000))}}, {},
                 write.at)};
    commit(write);
    ASSERT_TRUE(ledger_->maintain(slot().start()));
    EXPECT_LE(ledger_->facts().value().evidence_bytes, limits_.evidence_bytes_max);
  }
  EXPECT_FALSE(evidence_items(*ledger_, 2));
  EXPECT_EQ(evidence_items(*ledger_, 31).value()[0].position.offset, 29);
  EXPECT_EQ(ledger_->facts().value().evidence_forgotten, slot(1).start()) << "of the batch before";
  EXPECT_GT(ledger_->facts().value().evidence_bytes, 80'000);
}

TEST_F(SqliteLedgerTest, AnUnwritableFolderSaysSo) {
  const auto opened = SqliteLedger::open("/proc/meterbill/ledger.db", limits_, clock_);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::kNotFound);
}

}  // namespace
}  // namespace meterbill
