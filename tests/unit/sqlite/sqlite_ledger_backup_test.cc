#include "adapters/sqlite/sqlite_ledger_backup.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "adapters/sqlite/sqlite_ledger.h"
#include "support/fault_vfs.h"
#include "support/ledger_batches.h"
#include "support/ledger_dump.h"
#include "support/temp_dir.h"

namespace meterbill {
namespace {

using testing::HasSubstr;

class LedgerBackupTest : public testing::Test {
 protected:
  std::string path() const { return (folder_.path() / "ledger.db").string(); }
  std::string copy() const { return (folder_.path() / "copies" / "copy.db").string(); }

  /// A ledger of three batches and so many rows.
  void given(int rows) {
    std::filesystem::create_directory(folder_.path() / "copies");
    open();
    for (int number = 1; number <= 3; ++number) commit(batch(number));
    WriteSet many;
    for (int i = 2; i < rows; ++i) many.rows[{kWeb, slot(i)}] = row(kWebEpoch, i);
    commit(many);
  }
  void open() {
    auto opened = SqliteLedger::open(path(), {}, clock_);
    ASSERT_TRUE(opened) << opened.error().message;
    ledger_ = std::move(opened).value();
    fence_ = ledger_->claim(kKafka).value().fence;
  }
  void commit(const WriteSet& write) {
    ASSERT_EQ(ledger_->commit(write, {{kKafka, fence_}}).value(), CommitOutcome::kCommitted);
  }
  void commit_evidence(std::size_t bytes) {
    WriteSet write;
    write.at = slot().start();
    write.evidence = {
        evidence({{.source = kKafka, .position = {0, 1}, .delivery = delivery(noise(bytes))}}, {},
                 write.at)};
    commit(write);
  }
  Result<BackupFacts> backup(const BackupProgress& progress = {}) {
    return ledger_->backup(copy(), {}, progress);
  }
  static std::string content(const std::string& file) {
    return dump(*SqliteLedgerReader::open(file).value());
  }
  /// What stands in the folder of the copies.
  std::vector<std::string> left() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path() / "copies"))
      names.push_back(entry.path().filename().string());
    return names;
  }
  std::int64_t wal_bytes() const {
    return static_cast<std::int64_t>(std::filesystem::file_size(path() + "-wal"));
  }

  TempDir folder_;
  SystemClock clock_;
  std::unique_ptr<SqliteLedger> ledger_;
  std::int64_t fence_ = 0;
};

TEST_F(LedgerBackupTest, CommitsAndHousekeepingGoOnAndDoNotReachTheCopy) {
  given(20'000);
  const std::string began = dump(*ledger_);
  int steps = 0;
  const auto made = backup([&](std::int64_t done, std::int64_t all) {
    EXPECT_LE(done, all);
    WriteSet more;
    more.rows[{kWeb, slot(++steps)}] = row(kWebEpoch, 7'000 + steps);
    commit(more);
    EXPECT_TRUE(ledger_->maintain(slot().start()));
  });
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_GT(steps, 2);
  EXPECT_NE(dump(*ledger_), began);
  EXPECT_EQ(content(copy()), began);
  EXPECT_EQ(made.value().bytes, static_cast<std::int64_t>(std::filesystem::file_size(copy())));
  EXPECT_THAT(left(), testing::ElementsAre("copy.db"));
}

TEST_F(LedgerBackupTest, AThreadOfItsOwnNeverHoldsUpTheOneThatCommits) {
  given(20'000);
  const std::int64_t before = ledger_->facts().value().commits;
  std::atomic<bool> has_begun = false;
  std::atomic<bool> may_go_on = false;
  Result<BackupFacts> made = fail(Code::kInvalid, "not yet");
  {
    const std::jthread thread([&] {
      made = backup([&](std::int64_t, std::int64_t) {
        has_begun = true;
        has_begun.notify_one();
        may_go_on.wait(false);
      });
    });
    has_begun.wait(false);
    for (int i = 2; i < 100; ++i) {
      WriteSet more;
      more.rows[{kWeb, slot(i)}] = row(kWebEpoch, 30'000 + i);
      commit(more);
      EXPECT_TRUE(ledger_->maintain(slot().start()));
    }
    may_go_on = true;
    may_go_on.notify_one();
  }
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made.value().commits, before);
  EXPECT_EQ(SqliteLedgerReader::open(copy()).value()->facts().value().commits, before);
}

TEST_F(LedgerBackupTest, AfterItTheWholeWalIsMovedAgain) {
  given(20'000);
  ASSERT_TRUE(backup([&](std::int64_t, std::int64_t) {
    WriteSet more;
    more.rows[{kWeb, slot(2)}] = row(kWebEpoch, 30'000);
    commit(more);
  }));
  EXPECT_GT(wal_bytes(), 0);
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(ledger_->maintain(slot().start()));
  EXPECT_EQ(wal_bytes(), 0);
}

TEST_F(LedgerBackupTest, WritingFasterThanItCopiesEndsItAndNotTheDisk) {
  given(20'000);
  std::int64_t longest = 0;
  const auto made = backup([&](std::int64_t, std::int64_t) {
    for (int i = 0; i < 20; ++i) commit_evidence(4 << 20);
    longest = std::max(longest, wal_bytes());
  });
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Code::kUnavailable);
  EXPECT_THAT(made.error().message, HasSubstr("try again when less is written"));
  EXPECT_LT(longest, 128 << 20);
  EXPECT_THAT(left(), testing::IsEmpty());
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(ledger_->maintain(slot().start()));
  EXPECT_EQ(wal_bytes(), 0);
}

TEST_F(LedgerBackupTest, AStopEndsItAtOnce) {
  given(20'000);
  std::stop_source stop;
  int told = 0;
  const auto made = ledger_->backup(copy(), stop.get_token(), [&](std::int64_t, std::int64_t) {
    ++told;
    stop.request_stop();
  });
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Code::kUnavailable);
  EXPECT_EQ(told, 1);
  EXPECT_THAT(left(), testing::IsEmpty());
}

TEST_F(LedgerBackupTest, AStopWhileTheCopyIsCheckedLeavesNothing) {
  given(2'000);
  std::stop_source stop;
  const auto made =
      ledger_->backup(copy(), stop.get_token(), [&](std::int64_t done, std::int64_t all) {
        if (done == all) stop.request_stop();
      });
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Code::kUnavailable);
  EXPECT_THAT(left(), testing::IsEmpty());
}

TEST_F(LedgerBackupTest, AnExistingFileIsKept) {
  given(1);
  std::ofstream(copy()) << "precious";
  const auto refused = backup();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kConflict);
  EXPECT_THAT(refused.error().message, HasSubstr("name a new file"));
  EXPECT_EQ(std::filesystem::file_size(copy()), 8U);
}

TEST_F(LedgerBackupTest, AFileThatComesMeanwhileIsKept) {
  given(1);
  const auto refused = backup([&](std::int64_t, std::int64_t) { std::ofstream(copy()) << "new"; });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kConflict);
  EXPECT_EQ(std::filesystem::file_size(copy()), 3U);
  EXPECT_THAT(left(), testing::ElementsAre("copy.db"));
}

TEST_F(LedgerBackupTest, AMissingFolderIsNamed) {
  given(1);
  const auto refused = ledger_->backup("/missing/copy.db", {}, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kNotFound);
  EXPECT_THAT(refused.error().message, HasSubstr("/missing that can be seen"));
}

TEST_F(LedgerBackupTest, ANameThatCannotBeIsAFailureAndNoEnd) {
  given(1);
  const std::string file = (folder_.path() / std::string(300, 'x')).string();
  EXPECT_FALSE(ledger_->backup(file, {}, {}));
}

TEST_F(LedgerBackupTest, WhatAKilledProgramLeftIsReplaced) {
  given(200);
  for (const char* end : {".partial", ".partial-journal", ".partial-wal"})
    std::ofstream(copy() + end) << "half of a copy";
  ASSERT_TRUE(backup());
  EXPECT_EQ(content(copy()), dump(*ledger_));
  EXPECT_THAT(left(), testing::ElementsAre("copy.db"));
}

TEST_F(LedgerBackupTest, ACopyOfADamagedLedgerIsNotNamed) {
  given(2'000);
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(ledger_->maintain(slot().start()));
  const auto pages = static_cast<std::streamoff>(std::filesystem::file_size(path()) / 4'096);
  {
    std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(pages / 2 * 4'096) << std::string(4'096, 'x');
  }
  const auto refused = backup();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kDamaged);
  EXPECT_THAT(refused.error().message, HasSubstr("the ledger itself may be damaged"));
  EXPECT_THAT(left(), testing::IsEmpty());
}

TEST_F(LedgerBackupTest, PutBackItIsTheLedgerOfThatTimeAndGoesOn) {
  given(20);
  const std::string then = dump(*ledger_);
  ASSERT_TRUE(backup());
  WriteSet more;
  more.rows[{kWeb, slot(2)}] = row(kWebEpoch, 30'000);
  commit(more);
  const std::string now = dump(*ledger_);
  ledger_.reset();
  for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(path() + end);
  std::filesystem::copy_file(copy(), path());
  open();
  EXPECT_EQ(dump(*ledger_), then);
  commit(more);
  EXPECT_EQ(dump(*ledger_), now);
}

class LedgerBackupFaults : public LedgerBackupTest, public testing::WithParamInterface<DiskFault> {
 protected:
  /// Closed while there still is the disk it was opened on.
  void TearDown() override { ledger_.reset(); }

  FaultVfs faults_;
};

TEST_P(LedgerBackupFaults, WhicheverFailsNothingIsLeftAndTheLedgerGoesOn) {
  given(2'000);
  const Code expected = GetParam() == DiskFault::kFull ? Code::kDiskFull : Code::kIo;
  std::int64_t failed = 0;
  // Every one of the first and then some: a copy is one write a page.
  for (std::int64_t nth = 1;; nth += nth < 10 ? 1 : 7) {
    SCOPED_TRACE(nth);
    faults_.arm(GetParam(), nth);
    const auto made = backup();
    const bool struck = faults_.has_struck();
    faults_.heal();
    if (!struck) {
      EXPECT_TRUE(made);
      break;
    }
    ++failed;
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, expected) << made.error().message;
    EXPECT_THAT(made.error().message, HasSubstr("copy.db.partial"));
    ASSERT_THAT(left(), testing::IsEmpty());
    WriteSet more;
    more.rows[{kWeb, slot(2)}] = row(kWebEpoch, 30'000 + nth);
    commit(more);
  }
  EXPECT_GT(failed, GetParam() == DiskFault::kSyncError ? 1 : 12);
  EXPECT_EQ(content(copy()), dump(*ledger_));
}

INSTANTIATE_TEST_SUITE_P(Faults, LedgerBackupFaults,
                         testing::Values(DiskFault::kFull, DiskFault::kWriteError,
                                         DiskFault::kSyncError),
                         [](const auto& param) { return std::string(to_string(param.param)); });

}  // namespace
}  // namespace meterbill
