#include "adapters/host/processor_time.h"

#include <gtest/gtest.h>

namespace meterbill {
namespace {

TEST(ProcessorTimeTest, BusyIsKernelLessIdleAndUser) {
  ProcessorTime time;
  EXPECT_EQ(time.busy_us({.idle = 70'000, .kernel = 90'000, .user = 30'009}).value(), 5'000);
  EXPECT_EQ(time.busy_us({.idle = 70'000, .kernel = 90'000, .user = 30'010}).value(), 5'001);
}

TEST(ProcessorTimeTest, AStepBackIsCountedAndNotFollowed) {
  ProcessorTime time;
  EXPECT_EQ(time.busy_us({.idle = 0, .kernel = 1'000, .user = 0}).value(), 100);
  EXPECT_EQ(time.busy_us({.idle = 50, .kernel = 1'000, .user = 0}).value(), 100);
  EXPECT_EQ(time.steps_back(), 1);
  EXPECT_EQ(time.busy_us({.idle = 50, .kernel = 1'000, .user = 100}).value(), 105);
  EXPECT_EQ(time.steps_back(), 1);
}

TEST(ProcessorTimeTest, WhatCannotBeIsRefused) {
  ProcessorTime time;
  for (const ProcessorTicks& ticks : {ProcessorTicks{.idle = -1, .kernel = 1, .user = 1},
                                      ProcessorTicks{.idle = 1, .kernel = -1, .user = 1},
                                      ProcessorTicks{.idle = 1, .kernel = 1, .user = -1},
                                      ProcessorTicks{.idle = 2, .kernel = 1, .user = 0}}) {
    const auto busy = time.busy_us(ticks);
    ASSERT_FALSE(busy);
    EXPECT_EQ(busy.error().code, Code::kInvalid);
  }
}

}  // namespace
}  // namespace meterbill
