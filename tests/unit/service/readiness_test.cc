#include "service/readiness.h"

#include <gtest/gtest.h>

#include <string>

#include "service/start_report.h"

namespace meterbill {
namespace {

class HeardHost final : public ServiceHost {
 public:
  void ready() override { heard += "ready "; }
  void needs(std::chrono::microseconds) override { heard += "time "; }
  void stopping() override {}
  void status(std::string_view line) override { shown = line; }
  void alive() override {}
  [[nodiscard]] std::optional<std::chrono::microseconds> watchdog_period() const override {
    return {};
  }
  std::string heard;
  std::string shown;
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

TEST(StartReportTest, AStartThatGetsOnHasTimeAndOneThatStandsStillHasNot) {
  HeardHost host;
  StartProgress progress;
  StartReport report(progress);
  const auto tell = [&] {
    host.heard.clear();
    report.tell(host);
    return host.heard;
  };
  progress.at("summing totals anew", 40, 100);
  EXPECT_EQ(tell(), "time ");
  EXPECT_EQ(host.shown, "starting: summing totals anew, 40 %");
  for (int second = 1; second < StartReport::kQuietSecondsMax; ++second)
    ASSERT_EQ(tell(), "time ") << second;
  EXPECT_EQ(tell(), "");
  progress.go_on();
  EXPECT_EQ(tell(), "time ");
}

}  // namespace
}  // namespace meterbill
