// The ledger on a disk that fails: at every write, sync and opening there is, then killed or cut
// from power, and opened again.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <iostream>
#include <tuple>
#include <vector>

#include "adapters/sqlite/sqlite_ledger.h"
#include "support/fault_runs.h"
#include "support/ledger_batches.h"
#include "support/ledger_dump.h"
#include "support/sqlite_facts.h"
#include "support/temp_dir.h"

namespace meterbill {
namespace {

/// Three batches, then an operator keeps a boot and lets an item go.
constexpr int kSteps = 5;

/// What must be so of every ledger, whatever happened: pairs that must be equal.
constexpr const char* kSums = R"(
SELECT 'evidence bytes', evidence_bytes, coalesce((SELECT sum(length(block)) FROM evidence), 0)+
  coalesce((SELECT sum(length(touched)) FROM evidence_touched), 0)
  FROM meta
UNION ALL SELECT 'quarantine bytes', quarantine_bytes,
  coalesce((SELECT sum(stored_bytes) FROM quarantine), 0) FROM meta
UNION ALL SELECT 'quarantined', sum(quarantined),
  (SELECT quarantine_held+quarantine_released+quarantine_discarded FROM meta) FROM source
UNION ALL SELECT 'held', quarantine_held,
  coalesce((SELECT sum(count) FROM quarantine WHERE state='held'), 0) FROM meta
UNION ALL SELECT 'evidence behind the newest batch', count(*), 0
  FROM evidence, meta WHERE batch>commits
UNION ALL SELECT 'anchors', count(*), sum(anchor_offset=next_offset-1)
  FROM position HAVING count(*)>0
)";

/// A ledger that is opened, used and opened again over a disk that fails.
class LedgerFaultTest : public testing::Test {
 protected:
  void TearDown() override { ledger_.reset(); }

  void new_disk() {
    ledger_.reset();
    disk_.reset();
    disk_ = std::make_unique<MemoryDisk>(folder_.path().string() + "/");
  }
  std::string path() const { return disk_->folder() + "ledger.db"; }

  Result<void> open() {
    ledger_.reset();
    MB_TRY(ledger_, SqliteLedger::open(path(), {}, clock_));
    MB_TRY(const Claim claim, ledger_->claim(kKafka));
    fence_ = claim.fence;
    return ok();
  }
  Result<CommitOutcome> commit(int number) {
    return ledger_->commit(batch(number), {{kKafka, fence_}});
  }
  /// Fails also when its outcome is not known.
  Result<void> perform(int step) {
    if (step == 4) return ledger_->decide(kWeb, BootId("boot-a"), {Decision::kKeep, {}}, {});
    if (step == 5) return ledger_->settle_quarantine(1, QuarantineState::kReleased, {});
    MB_TRY(const CommitOutcome outcome, commit(step));
    return outcome == CommitOutcome::kCommitted ? Result<void>(ok())
                                                : fail(Code::kUnavailable, "unknown");
  }
  /// Twice: the second time the ledger is idle and empties its WAL.
  Result<void> maintain() {
    MB_TRYV(ledger_->maintain(slot(1).start()));
    return ledger_->maintain(slot(1).start());
  }

  /// The dump after none, one, … all steps, without faults.
  std::vector<std::string> states() {
    new_disk();
    EXPECT_TRUE(open());
    std::vector<std::string> found{dump(*ledger_)};
    for (int step = 1; step <= kSteps; ++step) {
      const auto done = perform(step);
      EXPECT_TRUE(done) << done.error().message;
      EXPECT_TRUE(maintain());
      found.push_back(dump(*ledger_));
    }
    ledger_.reset();
    check_sums();
    return found;
  }

  void check_sums() {
    look_into(*disk_, path(), [](SqliteDb& db) {
      EXPECT_EQ(query_text(db, "PRAGMA integrity_check", 1), "ok\n");
      EXPECT_EQ(query_text(db, "PRAGMA foreign_key_check", 1), "");
      EXPECT_EQ(query_text(db,
                           "WITH t(what, one, other) AS (" + std::string(kSums) +
                               ") SELECT * FROM t WHERE one IS NOT other",
                           3),
                "");
    });
  }

  SystemClock clock_;
  TempDir folder_;
  std::unique_ptr<MemoryDisk> disk_;
  std::unique_ptr<SqliteLedger> ledger_;
  std::int64_t fence_ = 0;
};

/// Each time the ledger opened again holds whole steps, at least the acknowledged ones and at most
/// one more, and takes the rest.
class LedgerFaultSweep : public LedgerFaultTest,
                         public testing::WithParamInterface<std::tuple<DiskFault, Aftermath>> {
 protected:
  /// Plays until a step is not acknowledged; how many were.
  int play() {
    if (!open()) return 0;
    for (int step = 1; step <= kSteps; ++step) {
      if (!perform(step)) return step - 1;
      if (!maintain()) return step;
    }
    return kSteps;
  }
  void expect_given_up() {
    EXPECT_EQ(ledger_->facts().error().code, Code::kIo);
    EXPECT_EQ(commit(1).error().code, Code::kIo);
    const auto kept = ledger_->maintain(slot().start());
    EXPECT_NE(kept.error().message.find("restart to verify"), std::string::npos);
  }

  bool one(FaultRun run, const std::vector<std::string>& states) {
    new_disk();
    disk_->arm(std::get<DiskFault>(GetParam()), run.nth);
    const int acknowledged = play();
    const bool struck = disk_->has_struck();
    // A full disk is waited out.
    const bool is_given_up = std::get<DiskFault>(GetParam()) != DiskFault::kFull;
    if (struck && ledger_ && is_given_up) expect_given_up();
    end_process(*disk_, std::get<Aftermath>(GetParam()), run, [&] { ledger_.reset(); });
    const auto opened = open();
    EXPECT_TRUE(opened) << opened.error().message;
    if (!opened) return struck;
    const std::string recovered = dump(*ledger_);
    int stored = 0;
    while (stored < kSteps && recovered != states[static_cast<std::size_t>(stored)]) ++stored;
    EXPECT_EQ(recovered, states[static_cast<std::size_t>(stored)]);
    EXPECT_GE(stored, acknowledged);
    EXPECT_LE(stored, acknowledged + 1);
    check_sums();
    for (int step = stored + 1; step <= kSteps; ++step) EXPECT_TRUE(perform(step));
    // Also what came after the fault is on the disk, whatever the kernel believes.
    end_process(*disk_, Aftermath::kPowerCut, run, [&] { ledger_.reset(); });
    EXPECT_TRUE(open());
    EXPECT_EQ(dump(*ledger_), states.back());
    ledger_.reset();
    check_sums();
    return struck;
  }
};

TEST_P(LedgerFaultSweep, WhatWasAcknowledgedIsThereAndStepsAreWhole) {
  const std::vector<std::string> all = states();
  const bool is_torn = std::get<DiskFault>(GetParam()) == DiskFault::kCrash &&
                       std::get<Aftermath>(GetParam()) == Aftermath::kPowerCut;
  const std::int64_t struck =
      for_every_nth(is_torn ? 2 : 1, [&](FaultRun run) { return one(run, all); });
  std::cout << struck << " operations, each of which failed\n";
  EXPECT_GE(struck, std::get<DiskFault>(GetParam()) == DiskFault::kOpenError ? 3 : 12);
}

INSTANTIATE_TEST_SUITE_P(
    Faults, LedgerFaultSweep,
    testing::Combine(testing::Values(DiskFault::kWriteError, DiskFault::kSyncError,
                                     DiskFault::kOpenError, DiskFault::kFull, DiskFault::kCrash),
                     testing::Values(Aftermath::kKill, Aftermath::kPowerCut)),
    [](const auto& param) {
      return fmt::format("{}Then{}", to_string(std::get<0>(param.param)),
                         to_string(std::get<1>(param.param)));
    });

TEST_F(LedgerFaultTest, AFullDiskChangesNothingAndTheSameStepGoesInWhenThereIsSpace) {
  const std::vector<std::string> all = states();
  int refusals = 0;
  const auto with_space = [&](const char* what, const auto& work) {
    const auto done = work();
    if (done) return;
    ++refusals;
    EXPECT_EQ(done.error().code, Code::kDiskFull) << what << ": " << done.error().message;
    EXPECT_EQ(work().error().code, Code::kDiskFull) << what;
    disk_->heal();
    const auto again = work();
    EXPECT_TRUE(again) << what << ": " << again.error().message;
  };
  const std::int64_t struck = for_every_nth(1, [&](FaultRun run) {
    new_disk();
    disk_->arm(DiskFault::kFull, run.nth);
    with_space("open", [&] { return open(); });
    for (int step = 1; step <= kSteps; ++step) {
      EXPECT_EQ(dump(*ledger_), all[static_cast<std::size_t>(step - 1)]);
      with_space("step", [&] { return perform(step); });
      with_space("maintain", [&] { return maintain(); });
    }
    EXPECT_EQ(dump(*ledger_), all.back());
    ledger_.reset();
    const bool has_struck = disk_->has_struck();
    disk_->heal();
    EXPECT_TRUE(open());
    EXPECT_EQ(dump(*ledger_), all.back());
    ledger_.reset();
    check_sums();
    return has_struck;
  });
  EXPECT_GE(struck, 12);
  EXPECT_GE(refusals, 12);
}

TEST_F(LedgerFaultTest, AnUnknownOutcomeIsSettledByTheNumberOfCommits) {
  const std::vector<std::string> all = states();
  new_disk();
  ASSERT_TRUE(open());
  ASSERT_TRUE(commit(1));
  disk_->arm(DiskFault::kSyncError, 1);
  ASSERT_EQ(commit(2).value(), CommitOutcome::kUnknown);
  ledger_.reset();
  disk_->heal();
  ASSERT_TRUE(open());
  const auto commits = static_cast<std::size_t>(ledger_->facts().value().commits);
  EXPECT_TRUE(commits == 1 || commits == 2);
  EXPECT_EQ(dump(*ledger_), all[commits]);
}

}  // namespace
}  // namespace meterbill
