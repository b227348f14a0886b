#include "service/readiness.h"

#include <gtest/gtest.h>

#include <string>

namespace meterbill {
namespace {

class HeardHost final : public ServiceHost {
 public:
  void ready() override { heard += "ready "; }
  void needs(std::chrono::microseconds) override { heard += "time "; }
  void stopping() override {}
  void status(std::string_view) override {}
  void alive() override {}
  [[nodiscard]] std::optional<std::chrono::microseconds> watchdog_period() const override {
    return {};
  }
  std::string heard;
};

class ReadinessTest : public testing::Test {
 protected:
  std::string tell(bool is_alive, bool is_ready) {
    host_.heard.clear();
    readiness_.tell(is_alive, is_ready, host_);
    return host_.heard;
  }
  HeardHost host_;
  Readiness readiness_;
};

TEST_F(ReadinessTest, ItIsToldOnceAndTimeIsAskedForBefore) {
  EXPECT_EQ(tell(true, false), "time ");
  EXPECT_EQ(tell(true, true), "ready ");
  EXPECT_EQ(tell(true, false), "");
  EXPECT_EQ(tell(true, true), "");
}

TEST_F(ReadinessTest, WhatIsStuckGetsNoMoreTime) { EXPECT_EQ(tell(false, false), ""); }

TEST_F(ReadinessTest, WhatWaitsForSomethingOutsideIsStartedAfterAMinute) {
  for (int second = 1; second < kReadyWaitSeconds; ++second) ASSERT_EQ(tell(true, false), "time ");
  EXPECT_EQ(tell(true, false), "ready ");
  EXPECT_EQ(tell(true, true), "");
}

}  // namespace
}  // namespace meterbill
