#include "worker/backup.h"

#include <gmock/gmock.h>

#include <atomic>
#include <future>

#include "support/worker_bench.h"

namespace meterbill {
namespace {

using testing::HasSubstr;

/// A worker with a backup that waits in its middle until it is let go on.
class BackupTest : public testing::Test {
 protected:
  BackupTest() {
    bench_.ledger.during_backup([this] {
      in_the_middle_.set_value();
      may_go_on_.wait(false);
    });
    bench_.put_http(message_of({}));
    bench_.settle();
  }

  void start_and_wait() {
    ASSERT_TRUE(backup_.start("/copy"));
    in_the_middle_.get_future().wait();
  }
  void go_on() {
    may_go_on_ = true;
    may_go_on_.notify_all();
  }
  /// The worker's thread ends, as main ends it.
  void end_worker() {
    std::stop_source stop;
    stop.request_stop();
    ASSERT_TRUE(bench_.worker->run(stop.get_token()));
  }
  /// So that a test that fails in the middle ends too.
  void TearDown() override {
    go_on();
    end_worker();
  }
  /// Steps the worker, as its thread does, until the backup has ended.
  BackupStatus end() {
    while (backup_.status().state == BackupState::kRunning) EXPECT_TRUE(bench_.worker->step());
    return backup_.status();
  }
  std::optional<UtcTime> last_backup() { return bench_.ledger.facts().value().last_backup; }

  std::promise<void> in_the_middle_;
  std::atomic<bool> may_go_on_ = false;
  WorkerBench bench_;
  Backup backup_{bench_.ledger, *bench_.worker, bench_.clock, bench_.events};
};

TEST_F(BackupTest, NoneWasMadeYet) { EXPECT_EQ(backup_.status().state, BackupState::kNone); }

TEST_F(BackupTest, TheWorkerAppliesAndAnswersWhileItIsMade) {
  const std::int64_t commits = bench_.ledger.facts().value().commits;
  start_and_wait();
  bench_.clock.advance(2'000'000);
  ReadingSpec spec;
  spec.cpu_s = 12;
  bench_.put_http(message_of(spec));
  bench_.settle();
  EXPECT_EQ(bench_.http.answers.size(), 2U);
  EXPECT_EQ(bench_.cost("web-1"), "12");
  const BackupStatus middle = backup_.status();
  EXPECT_EQ(middle.state, BackupState::kRunning);
  EXPECT_EQ(middle.file, "/copy");
  EXPECT_EQ(middle.bytes_done, 1);
  EXPECT_EQ(middle.bytes_all, 2);
  EXPECT_EQ(middle.took_us, 2'000'000);
  EXPECT_FALSE(last_backup());
  bench_.clock.advance(1'000'000);
  go_on();
  const BackupStatus made = end();
  EXPECT_EQ(made.state, BackupState::kDone);
  EXPECT_EQ(made.facts.commits, commits) << "the state it began with";
  EXPECT_EQ(made.took_us, 3'000'000);
  EXPECT_EQ(last_backup(), bench_.clock.now().utc);
}

TEST_F(BackupTest, ThereIsOneAtATime) {
  start_and_wait();
  const auto second = backup_.start("/other");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::kConflict);
  EXPECT_THAT(second.error().message, HasSubstr("/copy"));
  go_on();
  EXPECT_EQ(end().state, BackupState::kDone);
}

TEST_F(BackupTest, OneThatFailsTellsWhyAndIsNotRemembered) {
  ASSERT_TRUE(bench_.ledger.backup("/taken", {}, [this](std::int64_t done, std::int64_t all) {
    if (done < all) go_on();
  }));
  ASSERT_TRUE(backup_.start("/taken"));
  const BackupStatus failed = end();
  EXPECT_EQ(failed.state, BackupState::kFailed);
  EXPECT_THAT(failed.error, HasSubstr("exists"));
  EXPECT_FALSE(last_backup());
}

TEST_F(BackupTest, ACancelledOneLeavesNothingAndAnotherCanBegin) {
  start_and_wait();
  backup_.cancel();
  go_on();
  const BackupStatus failed = end();
  EXPECT_EQ(failed.state, BackupState::kFailed);
  EXPECT_THAT(failed.error, HasSubstr("stopped"));
  EXPECT_FALSE(last_backup());
  bench_.ledger.during_backup({});
  ASSERT_TRUE(backup_.start("/copy"));
  EXPECT_EQ(end().state, BackupState::kDone);
}

TEST_F(BackupTest, AStopOfTheWorkerEndsIt) {
  start_and_wait();
  end_worker();
  auto stopped = std::async(std::launch::async, [this] { backup_.stop(); });
  while (backup_.start("/other").error().code != Code::kUnavailable) std::this_thread::yield();
  go_on();
  stopped.get();
  EXPECT_EQ(backup_.status().state, BackupState::kFailed);
  EXPECT_FALSE(bench_.ledger.backup_at("/copy"));
  EXPECT_EQ(backup_.start("/copy").error().code, Code::kUnavailable);
}

TEST_F(BackupTest, OneThatIsCompleteWhenTheWorkerHasEndedWaitsForNobody) {
  end_worker();
  bench_.ledger.during_backup({});
  ASSERT_TRUE(backup_.start("/copy"));
  while (backup_.status().state == BackupState::kRunning) std::this_thread::yield();
  EXPECT_EQ(backup_.status().state, BackupState::kDone);
  EXPECT_TRUE(bench_.ledger.backup_at("/copy"));
}

}  // namespace
}  // namespace meterbill
