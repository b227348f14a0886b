#include "cli/load_run.h"

#include <gmock/gmock.h>

#include "support/fake_sink.h"
#include "support/manual_clock.h"

namespace meterbill {
namespace {

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kStart = 1'795'341'600'000'000;  // a whole second

/// A run over a clock that waits move, and a sink that does what the test says.
class LoadRunTest : public testing::Test {
 protected:
  LoadResult run(std::int64_t agents, std::int64_t seconds) {
    fleet_.emplace(LoadFleetSpec{.agents = agents}, clock_.now().utc);
    const LoadParts parts{.sink = sink_,
                          .clock = clock_,
                          .wait =
                              [this](std::chrono::milliseconds time) {
                                clock_.advance(time.count() * 1'000);
                                return interrupt_at_ > 0 && clock_.now().utc.us >= interrupt_at_ &&
                                       interrupts_-- > 0;
                              },
                          .progress = [this](const LoadResult&, std::int64_t) { ++ticks_; }};
    return run_load({.interval_us = kSecond, .duration_us = seconds * kSecond}, *fleet_, parts);
  }
  [[nodiscard]] std::int64_t passed_s() const { return (clock_.now().utc.us - kStart) / kSecond; }

  ManualClock clock_{{.utc = {kStart + 400'000}, .monotonic_us = 7, .boot_us = 7}};
  FakeSink sink_;
  std::optional<LoadFleet> fleet_;
  int ticks_ = 0;
  std::int64_t interrupt_at_ = 0;
  int interrupts_ = 1;
};

TEST_F(LoadRunTest, EachAgentSendsOnceASecondOnTheSecondAndALastTime) {
  const LoadResult result = run(3, 5);
  EXPECT_EQ(ticks_, 5);
  EXPECT_EQ(result.wanted, 3 * 6);
  EXPECT_EQ(result.sent, 3 * 6);
  EXPECT_EQ(result.acknowledged, 3 * 6);
  EXPECT_EQ(result.failed, 0);
  EXPECT_EQ(result.unconfirmed, 0);
  EXPECT_EQ(result.ended_us, 5 * kSecond);
  EXPECT_FALSE(result.interrupted);
}

TEST_F(LoadRunTest, ASlowSinkIsGivenFewerMessagesAndTheDelaysAreCounted) {
  sink_.answer = [this](const OutgoingMessage&) {
    clock_.advance(2'300'000);
    return FakeSink::report(Fate::kDelivered);
  };
  const LoadResult result = run(1, 10);
  EXPECT_LT(result.sent, result.wanted);
  EXPECT_EQ(result.acknowledged, result.sent);
  EXPECT_EQ(result.delays.percentile_ms(50), 2'300);
  EXPECT_EQ(result.unconfirmed, 0);
}

TEST_F(LoadRunTest, WhatFailsAtATickIsNotTriedAgainBeforeTheNext) {
  sink_.answer = [this](const OutgoingMessage&) {
    return FakeSink::report(passed_s() < 3 ? Fate::kLater : Fate::kDelivered, "away");
  };
  const LoadResult result = run(2, 5);
  EXPECT_EQ(result.failed, 4) << "the ticks of the seconds 1 and 2";
  EXPECT_EQ(result.acknowledged, 2 * 4);
  EXPECT_EQ(result.failure, "away");
  EXPECT_EQ(result.unconfirmed, 0);
}

TEST_F(LoadRunTest, TheLastReadingIsTriedForHalfAMinute) {
  sink_.answer = [](const OutgoingMessage&) { return FakeSink::report(Fate::kLater, "away"); };
  const LoadResult result = run(2, 5);
  EXPECT_EQ(result.acknowledged, 0);
  EXPECT_EQ(result.unconfirmed, 2);
  EXPECT_GE(passed_s(), 35);
  EXPECT_LE(passed_s(), 37);
  EXPECT_TRUE(fleet_->confirmed_usage(0).rows.empty());
}

TEST_F(LoadRunTest, OneMachineThatFailsLeavesTheOthersConfirmed) {
  sink_.answer = [](const OutgoingMessage& message) {
    return FakeSink::report(message.key == "loadgen-000002" ? Fate::kRefused : Fate::kDelivered);
  };
  const LoadResult result = run(3, 2);
  EXPECT_EQ(result.unconfirmed, 1);
  EXPECT_FALSE(fleet_->confirmed_usage(0).rows.empty());
  EXPECT_TRUE(fleet_->confirmed_usage(1).rows.empty());
}

TEST_F(LoadRunTest, CtrlCEndsItWithTheLastReadings) {
  interrupt_at_ = kStart + 3 * kSecond;
  const LoadResult result = run(2, 60);
  EXPECT_TRUE(result.interrupted);
  EXPECT_LE(passed_s(), 4);
  EXPECT_EQ(result.unconfirmed, 0);
}

TEST_F(LoadRunTest, ASecondCtrlCEndsTheTrying) {
  interrupt_at_ = kStart + 3 * kSecond;
  interrupts_ = 2;
  sink_.answer = [](const OutgoingMessage&) { return FakeSink::report(Fate::kLater, "away"); };
  const LoadResult result = run(2, 60);
  EXPECT_TRUE(result.interrupted);
  EXPECT_LE(passed_s(), 5);
  EXPECT_EQ(result.unconfirmed, 2);
}

TEST(DelayCountsTest, PercentilesAreTheLeastWithinWhichSoManyWere) {
  DelayCounts counts;
  EXPECT_EQ(counts.percentile_ms(50), 0);
  counts.add(1'999, 98);
  counts.add(70'000, 1);
  counts.add(3'600'000'000, 1);
  EXPECT_EQ(counts.percentile_ms(50), 1);
  EXPECT_EQ(counts.percentile_ms(98), 1);
  EXPECT_EQ(counts.percentile_ms(99), 70);
  EXPECT_EQ(counts.percentile_ms(100), 60'000);
}

}  // namespace
}  // namespace meterbill
