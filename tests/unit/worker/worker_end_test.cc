// Whoever waits for an operator command is answered, however the apply loop ends.
#include <gtest/gtest.h>

#include <future>
#include <stop_token>

#include "support/worker_bench.h"

namespace meterbill {
namespace {

constexpr std::chrono::seconds kDeadline{20};

/// The command's answer. A command that is never answered cannot be given up: the test program
/// ends.
Result<void> answer_of(std::future<Result<void>> command) {
  if (command.wait_for(kDeadline) == std::future_status::ready) return command.get();
  ADD_FAILURE() << "a command waits for ever";
  std::abort();
}

std::future<Result<void>> discard(WorkerBench& bench) {
  return std::async(std::launch::async, [&] { return bench.worker->discard(1); });
}

TEST(WorkerEndTest, ACommandAfterTheLedgerFailedIsRefused) {
  WorkerBench bench;
  bench.settle();
  bench.put_http(message_of({}));
  bench.ledger.fail_next(CommitFault::kIo);
  ASSERT_FALSE(bench.worker->run({}));
  const auto answer = answer_of(discard(bench));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::kUnavailable);
}

TEST(WorkerEndTest, ACommandThatWaitsWhileTheLedgerFailsIsRefused) {
  WorkerBench bench;
  bench.settle();
  // The command comes while the batch that fails is being applied: before the loop looks again,
  // if it is quick; it must be answered alike if it is not.
  std::future<Result<void>> waiting;
  bench.kafka.before_rejected = [&] {
    waiting = discard(bench);
    waiting.wait_for(std::chrono::milliseconds(100));
  };
  bench.put_kafka(message_of({}));
  bench.ledger.fail_next(CommitFault::kIo);
  ASSERT_FALSE(bench.worker->run({}));
  const auto answer = answer_of(std::move(waiting));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::kUnavailable) << answer.error().message;
}

TEST(WorkerEndTest, EveryCommandAroundAStopIsAnswered) {
  for (int round = 0; round < 20; ++round) {
    WorkerBench bench;
    std::stop_source stop;
    auto ran = std::async(std::launch::async, [&] { return bench.worker->run(stop.get_token()); });
    std::vector<std::future<Result<void>>> commands;
    for (int i = 0; i < 12; ++i) {
      if (i == 6) stop.request_stop();
      commands.push_back(discard(bench));
    }
    for (auto& command : commands) {
      const auto answer = answer_of(std::move(command));
      ASSERT_FALSE(answer);
      EXPECT_TRUE(answer.error().code == Code::kNotFound ||
                  answer.error().code == Code::kUnavailable)
          << answer.error().message;
    }
    EXPECT_TRUE(ran.get());
  }
}

}  // namespace
}  // namespace meterbill
