// Under load a batch is read and decoded while the one before it is applied.
#include <gmock/gmock.h>

#include <future>
#include <stop_token>

#include "support/evidence_items.h"
#include "support/worker_bench.h"

namespace meterbill {
namespace {

class IntakeTest : public testing::Test {
 protected:
  /// Portions of two, each a batch of its own.
  IntakeTest() : IntakeTest(2) {}
  explicit IntakeTest(std::size_t batch_max) {
    bench_.settings = {.intake = {.portion_max = 2}, .ahead_min = 2, .batch_max = batch_max};
    bench_.kafka.poll_max = 2;
    bench_.restart();
    bench_.settle();
  }

  void put_samples(int count) {
    for (int i = 0; i < count; ++i)
      bench_.put_kafka(R"({"machine_id": "web-1", "cpu_usage": 10, "memory_usage": 0})");
  }
  std::int64_t step() {
    EXPECT_TRUE(bench_.worker->step());
    return bench_.counts().read();
  }

  WorkerBench bench_;
};

/// Portions of two, up to three of them in a batch.
class PortionsTest : public IntakeTest {
 protected:
  PortionsTest() : IntakeTest(6) {}
};

TEST_F(IntakeTest, EachBatchIsAppliedInItsOwnRound) {
  put_samples(5);
  EXPECT_EQ(step(), 2);
  EXPECT_EQ(step(), 4);
  EXPECT_EQ(step(), 5);
  EXPECT_EQ(bench_.cost("web-1"), "2.5");
}

TEST_F(IntakeTest, WhatIsReadAheadComesBeforeWhatArrivesMeanwhile) {
  put_samples(4);
  EXPECT_EQ(step(), 2);
  // Read ahead are the third and fourth; this one is behind them.
  bench_.put_kafka("nonsense");
  EXPECT_EQ(step(), 4);
  EXPECT_TRUE(bench_.reasons().empty());
  EXPECT_EQ(step(), 5);
  EXPECT_EQ(bench_.reasons().size(), 1U);
}

TEST_F(IntakeTest, ASampleThatComesAgainWhileItIsAppliedIsPassedOver) {
  Delivery sample;
  sample.value = R"({"machine_id": "web-1", "cpu_usage": 10, "memory_usage": 0})";
  sample.recorded = bench_.clock.now().utc;
  for (int i = 0; i < 2; ++i) bench_.kafka.put(sample);
  // Read ahead before the position moved past them.
  for (int i = 0; i < 2; ++i) bench_.kafka.put_again(sample, i);
  EXPECT_EQ(step(), 2);
  step();
  bench_.settle();
  EXPECT_EQ(bench_.cost("web-1"), "1");
}

TEST_F(IntakeTest, ARefusedBatchTakesWhatWasReadAheadWithIt) {
  put_samples(6);
  EXPECT_EQ(step(), 2);
  bench_.ledger.fail_next(CommitFault::kDiskFull);
  EXPECT_EQ(step(), 2);
  EXPECT_EQ(bench_.kafka.rejections.size(), 1U);
  bench_.clock.advance(2'000'000);
  bench_.settle();
  EXPECT_EQ(bench_.counts().read(), 6);
  EXPECT_EQ(bench_.cost("web-1"), "3");
}

TEST_F(IntakeTest, ACommandWaitsForWhatWasReadAheadAndForNothingElse) {
  put_samples(400);
  step();
  auto command = std::async(std::launch::async,
                            [&] { return bench_.worker->accept("kafka:test/resource_usage", 0); });
  // Queued by now, or a few rounds later.
  command.wait_for(std::chrono::milliseconds(50));
  int rounds = 0;
  while (command.wait_for(std::chrono::microseconds(50)) != std::future_status::ready) {
    step();
    ASSERT_LT(++rounds, 200);
  }
  EXPECT_TRUE(command.get());
  EXPECT_EQ(bench_.kafka.unsettled_at_accept, 0U);
}

TEST_F(IntakeTest, AStoppedWorkerAppliesAndAnswersWhatItReadAhead) {
  for (int i = 0; i < 8; ++i) bench_.put_http(message_of({.seconds = 60 + i}));
  bench_.http.poll_max = 2;
  EXPECT_EQ(step(), 2);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_TRUE(bench_.worker->run(stop.get_token()));
  // Two portions were ahead; what is behind them was not read.
  EXPECT_EQ(bench_.http.answers.size(), 6U);
  EXPECT_EQ(bench_.counts().read(), 6);
}

TEST_F(PortionsTest, ABatchGoesOnWhileAnotherPortionStandsReady) {
  put_samples(5);
  EXPECT_EQ(step(), 0);
  EXPECT_EQ(step(), 0);
  EXPECT_EQ(step(), 5);
  EXPECT_EQ(bench_.cost("web-1"), "2.5");
}

TEST_F(PortionsTest, ABatchEndsAtItsSizeHoweverManyStandReady) {
  put_samples(9);
  EXPECT_EQ(step(), 0);
  EXPECT_EQ(step(), 0);
  EXPECT_EQ(step(), 6);
  EXPECT_EQ(step(), 6);
  EXPECT_EQ(step(), 9);
}

TEST_F(PortionsTest, ABatchEndsAtItsAge) {
  put_samples(6);
  EXPECT_EQ(step(), 0);
  bench_.clock.advance(bench_.settings.batch_age_us);
  EXPECT_EQ(step(), 4);
}

TEST_F(PortionsTest, ABatchEndsAtItsRows) {
  bench_.settings.batch_rows_max = 1;
  bench_.restart();
  bench_.settle();
  put_samples(6);
  EXPECT_EQ(step(), 2);
}

TEST_F(PortionsTest, ABatchEndsAtItsBytes) {
  bench_.settings.batch_bytes_max = 200;
  bench_.restart();
  bench_.settle();
  put_samples(6);
  EXPECT_EQ(step(), 0);
  EXPECT_EQ(step(), 4) << "of 62 bytes each";
}

TEST_F(PortionsTest, WhoeverWaitsForAnAnswerIsNotKeptWaiting) {
  put_samples(6);
  bench_.put_http(message_of({.seconds = 60}));
  EXPECT_EQ(step(), 2) << "the request and a sample";
  EXPECT_EQ(bench_.http.answers.size(), 1U);
}

TEST_F(PortionsTest, WhatIsPutAsideIsNotKeptInMemory) {
  bench_.put_kafka("nonsense");
  put_samples(5);
  EXPECT_EQ(step(), 2);
}

TEST_F(PortionsTest, EachPortionHasItsEvidence) {
  put_samples(5);
  const std::int64_t before = bench_.ledger.facts().value().commits;
  for (int i = 0; i < 3; ++i) step();
  EXPECT_EQ(bench_.ledger.facts().value().commits, before + 3);
  for (const int portion : {1, 2, 3})
    EXPECT_EQ(evidence_items(bench_.ledger, before + portion).value().size(),
              portion < 3 ? 2U : 1U);
}

TEST_F(PortionsTest, ASampleThatComesAgainInTheSameBatchIsPassedOver) {
  Delivery sample;
  sample.value = R"({"machine_id": "web-1", "cpu_usage": 10, "memory_usage": 0})";
  sample.recorded = bench_.clock.now().utc;
  for (int i = 0; i < 2; ++i) bench_.kafka.put(sample);
  for (int i = 0; i < 2; ++i) bench_.kafka.put_again(sample, i);
  bench_.settle();
  EXPECT_EQ(bench_.cost("web-1"), "1");
}

TEST_F(PortionsTest, AUsageEventThatComesTwiceInABatchCountsOnce) {
  for (int i = 0; i < 6; ++i)
    bench_.put_kafka(
        R"({"specversion":"1.0","type":"io.meterbill.usage.v1","source":"app","id":"1",)"
        R"("subject":"web-1","data":{"scope":"machine","meter":"frames","quantity":"1",)"
        R"("unit":"unit","time":")" +
        to_string(bench_.clock.now().utc) + R"("}})");
  bench_.settle();
  EXPECT_EQ(bench_.counts(), (Counts{1, 5, 0}));
}

TEST_F(PortionsTest, ARefusedBatchIsReadAgainFromItsFirstPortion) {
  put_samples(6);
  bench_.ledger.fail_next(CommitFault::kDiskFull);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(step(), 0);
  EXPECT_EQ(bench_.kafka.rejections.size(), 1U);
  bench_.clock.advance(2'000'000);
  bench_.settle();
  EXPECT_EQ(bench_.counts().read(), 6);
  EXPECT_EQ(bench_.cost("web-1"), "3");
}

TEST_F(PortionsTest, ABatchOfUnknownOutcomeIsReadBack) {
  put_samples(6);
  bench_.ledger.fail_next(CommitFault::kUnknownApplied);
  for (int i = 0; i < 3; ++i) step();
  put_samples(6);
  bench_.ledger.fail_next(CommitFault::kUnknownLost);
  for (int i = 0; i < 3; ++i) step();
  EXPECT_EQ(bench_.counts().read(), 6);
  EXPECT_EQ(bench_.kafka.rejections.size(), 1U);
}

}  // namespace
}  // namespace meterbill
