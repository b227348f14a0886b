#include <fmt/format.h>
#include <gtest/gtest.h>

#include <tuple>
#include <vector>

#include "adapters/sqlite/sqlite_ledger.h"
#include "support/fault_vfs.h"
#include "support/ledger_batches.h"
#include "support/ledger_dump.h"
#include "support/temp_dir.h"

namespace meterbill {
namespace {

constexpr int kBatches = 3;

/// A ledger that is opened, used and opened again over a disk that fails.
class LedgerFaultTest : public testing::Test {
 protected:
  std::string path() const { return (folder_->path() / "ledger.db").string(); }
  void new_folder() { folder_ = std::make_unique<TempDir>(); }

  void open() {
    auto opened = SqliteLedger::open(path(), {}, clock_);
    ASSERT_TRUE(opened) << opened.error().message;
    ledger_ = std::move(opened).value();
    fence_ = ledger_->claim(kKafka).value().fence;
  }
  Result<CommitOutcome> commit(int number) {
    return ledger_->commit(batch(number), {{kKafka, fence_}});
  }
  /// Twice: the second time the ledger is idle and empties its WAL.
  Result<void> maintain() {
    MB_TRYV(ledger_->maintain(slot(1).start()));
    return ledger_->maintain(slot(1).start());
  }

  /// The dump after none, one, … all batches, without faults.
  std::vector<std::string> states() {
    new_folder();
    open();
    std::vector<std::string> found{dump(*ledger_)};
    for (int number = 1; number <= kBatches; ++number) {
      EXPECT_EQ(commit(number).value(), CommitOutcome::kCommitted);
      EXPECT_TRUE(maintain());
      found.push_back(dump(*ledger_));
    }
    ledger_.reset();
    return found;
  }

  /// Runs the batches until one is not acknowledged; how many were.
  int run() {
    for (int number = 1; number <= kBatches; ++number) {
      const auto outcome = commit(number);
      if (!outcome || outcome.value() != CommitOutcome::kCommitted) return number - 1;
      if (!maintain()) return number;
    }
    return kBatches;
  }

  FaultVfs faults_;  // before what opens files through it
  SystemClock clock_;
  std::unique_ptr<TempDir> folder_;
  std::unique_ptr<SqliteLedger> ledger_;
  std::int64_t fence_ = 0;
};

/// Lets every single write or sync of the script go wrong in turn; each time the ledger opened
/// again holds whole batches, at least the acknowledged ones and at most one more, and takes the
/// rest.
class LedgerFaultSweep : public LedgerFaultTest,
                         public testing::WithParamInterface<std::tuple<Fault, bool>> {
 protected:
  bool one(std::int64_t nth, const std::vector<std::string>& states) {
    SCOPED_TRACE(fmt::format("operation {}", nth));
    new_folder();
    open();
    faults_.arm(std::get<0>(GetParam()), nth);
    const int acknowledged = run();
    const bool struck = faults_.has_struck();
    if (struck) {
      EXPECT_EQ(ledger_->facts().error().code, Code::kIo);
      EXPECT_EQ(commit(1).error().code, Code::kIo);
      EXPECT_NE(ledger_->maintain(slot().start()).error().message.find("restart to verify"),
                std::string::npos);
    }
    ledger_.reset();
    faults_.heal();
    if (std::get<1>(GetParam())) faults_.power_cut();
    open();
    if (HasFatalFailure()) return false;
    const std::string recovered = dump(*ledger_);
    int stored = 0;
    while (stored < kBatches && recovered != states[static_cast<std::size_t>(stored)]) ++stored;
    EXPECT_EQ(recovered, states[static_cast<std::size_t>(stored)]);
    EXPECT_GE(stored, acknowledged);
    EXPECT_LE(stored, acknowledged + 1);
    for (int number = stored + 1; number <= kBatches; ++number)
      EXPECT_EQ(commit(number).value(), CommitOutcome::kCommitted);
    EXPECT_EQ(dump(*ledger_), states.back());
    ledger_.reset();
    return struck;
  }
};

TEST_P(LedgerFaultSweep, WhatWasAcknowledgedIsThereAndBatchesAreWhole) {
  const std::vector<std::string> all = states();
  std::int64_t struck = 0;
  while (one(struck + 1, all) && !HasFailure()) ++struck;
  EXPECT_GE(struck, 6) << "the script does not reach the disk";
}

std::string name_of(const testing::TestParamInfo<std::tuple<Fault, bool>>& info) {
  const Fault fault = std::get<0>(info.param);
  const char* const name = fault == Fault::kWriteError  ? "WriteError"
                           : fault == Fault::kSyncError ? "SyncError"
                                                        : "Crash";
  return std::string(name) + (std::get<1>(info.param) ? "ThenPowerCut" : "");
}

INSTANTIATE_TEST_SUITE_P(Faults, LedgerFaultSweep,
                         testing::Combine(testing::Values(Fault::kWriteError, Fault::kSyncError,
                                                          Fault::kCrash),
                                          testing::Bool()),
                         name_of);

TEST_F(LedgerFaultTest, AFullDiskChangesNothingAndTheSameBatchGoesInWhenThereIsSpace) {
  const std::vector<std::string> all = states();
  int refusals = 0;
  for (std::int64_t nth = 1;; ++nth) {
    SCOPED_TRACE(nth);
    new_folder();
    open();
    faults_.arm(Fault::kDiskFull, nth);
    for (int number = 1; number <= kBatches; ++number) {
      const auto before = static_cast<std::size_t>(number - 1);
      if (const auto outcome = commit(number); !outcome) {
        ++refusals;
        ASSERT_EQ(outcome.error().code, Code::kDiskFull) << outcome.error().message;
        ASSERT_EQ(dump(*ledger_), all[before]);
        ASSERT_EQ(commit(number).error().code, Code::kDiskFull);
        faults_.heal();
        ASSERT_EQ(commit(number).value(), CommitOutcome::kCommitted);
      }
      if (const auto kept = maintain(); !kept) {
        ASSERT_EQ(kept.error().code, Code::kDiskFull) << kept.error().message;
        faults_.heal();
        ASSERT_TRUE(maintain());
      }
      ASSERT_EQ(dump(*ledger_), all[before + 1]);
    }
    ledger_.reset();
    const bool struck = faults_.has_struck();
    faults_.heal();
    open();
    ASSERT_EQ(dump(*ledger_), all.back());
    ledger_.reset();
    if (!struck) break;
  }
  EXPECT_GE(refusals, 3);
}

TEST_F(LedgerFaultTest, ACommitReturnsOnlyAfterASync) {
  new_folder();
  open();
  for (int number = 1; number <= kBatches; ++number) {
    const std::int64_t before = faults_.syncs();
    ASSERT_TRUE(commit(number));
    EXPECT_GT(faults_.syncs(), before);
  }
}

TEST_F(LedgerFaultTest, AnUnknownOutcomeIsSettledByTheNumberOfCommits) {
  const std::vector<std::string> all = states();
  new_folder();
  open();
  ASSERT_TRUE(commit(1));
  faults_.arm(Fault::kSyncError, 1);
  ASSERT_EQ(commit(2).value(), CommitOutcome::kUnknown);
  ledger_.reset();
  faults_.heal();
  open();
  const auto commits = static_cast<std::size_t>(ledger_->facts().value().commits);
  EXPECT_TRUE(commits == 1 || commits == 2);
  EXPECT_EQ(dump(*ledger_), all[commits]);
}

}  // namespace
}  // namespace meterbill
