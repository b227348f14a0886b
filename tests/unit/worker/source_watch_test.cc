#include "worker/source_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/worker_bench.h"

namespace meterbill {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::int64_t kSecond = 1'000'000;

class SourceWatchTest : public testing::Test {
 protected:
  /// Seen every half second until `to_s`.
  void see_until(std::int64_t to_s, const SourceStatus& state) {
    for (; now_us_ <= to_s * kSecond; now_us_ += kSecond / 2)
      watch_.see("kafka:c/t", state, now_us_);
  }
  std::vector<std::string> told() { return std::exchange(events_.troubles, {}); }

  static SourceStatus unreachable(const std::string& reason) {
    return {.ready = false, .reason = reason, .partitions = {}};
  }
  static SourceStatus halted() {
    return {.ready = false,
            .reason = "partition 1 halted: made anew",
            .partitions = {{0, PartitionState::kRunning, ""},
                           {1, PartitionState::kHalted, "made anew"},
                           {2, PartitionState::kHalted, "made anew"}},
            .ill_partition = 1};
  }
  const SourceStatus ready_{.ready = true, .reason = "", .partitions = {}};

  SilentEvents events_;
  SourceWatch watch_{events_};
  std::int64_t now_us_ = 0;
};

TEST_F(SourceWatchTest, AnOutageIsToldOnceThenEveryTenMinutesAndWhenItIsOver) {
  see_until(4, unreachable("no answer"));
  EXPECT_THAT(told(), IsEmpty()) << "a moment is no news";
  see_until(599, unreachable("no answer"));
  EXPECT_THAT(told(), ElementsAre("kafka:c/t: no answer, 5 s"));
  see_until(1'210, unreachable("no answer"));
  EXPECT_THAT(told(), ElementsAre("kafka:c/t: no answer, 605 s", "kafka:c/t: no answer, 1205 s"));
  see_until(1'300, ready_);
  EXPECT_THAT(told(), ElementsAre("kafka:c/t, 1210 s"));
}

TEST_F(SourceWatchTest, WhatWasNotToldDoesNotEnd) {
  see_until(4, unreachable("starting"));
  see_until(60, ready_);
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(SourceWatchTest, AnotherReasonThatStaysIsToldAndOneThatFlickersIsNot) {
  see_until(10, unreachable("no answer"));
  see_until(20, unreachable("no such topic"));
  EXPECT_THAT(told(), ElementsAre("kafka:c/t: no answer, 5 s", "kafka:c/t: no such topic, 15 s"));
  for (std::int64_t s = 21; s < 300; s += 2) {
    see_until(s, unreachable("refused"));
    see_until(s + 1, unreachable("timed out"));
  }
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(SourceWatchTest, ReasonsThatFlickerFromTheStartAreToldAllTheSame) {
  for (std::int64_t s = 0; s < 10; s += 2) {
    see_until(s, unreachable("refused"));
    see_until(s + 1, unreachable("timed out"));
  }
  EXPECT_THAT(told(), testing::SizeIs(1));
}

TEST_F(SourceWatchTest, EachHaltedPartitionIsToldByItself) {
  see_until(10, halted());
  EXPECT_THAT(told(), ElementsAre("kafka:c/t 1: made anew, 5 s", "kafka:c/t 2: made anew, 5 s"));
  SourceStatus one = halted();
  one.partitions[1] = {1, PartitionState::kRunning, ""};
  one.ill_partition = 2;
  see_until(20, one);
  EXPECT_THAT(told(), ElementsAre("kafka:c/t 1, 10 s"));
}

TEST_F(SourceWatchTest, AnOutageWhileAPartitionIsHaltedIsToldToo) {
  see_until(10, halted());
  static_cast<void>(told());
  SourceStatus both = halted();
  both.reason = "no answer";
  both.ill_partition.reset();
  see_until(20, both);
  EXPECT_THAT(told(), ElementsAre("kafka:c/t: no answer, 5 s"));
}

TEST_F(SourceWatchTest, AWaitingPartitionIsToldAsItself) {
  see_until(10, {.ready = false,
                 .reason = "partition 0 waiting: no broker leads it",
                 .partitions = {{0, PartitionState::kWaiting, "no broker leads it"}},
                 .ill_partition = 0});
  EXPECT_THAT(told(), ElementsAre("kafka:c/t 0: no broker leads it, 5 s"));
}

}  // namespace
}  // namespace meterbill
