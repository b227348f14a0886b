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

const ServiceState kNotReady{};
const ServiceState kReady{.is_ready = true};
const ServiceState kWaits{.waits_outside = true};

class ReadinessTest : public testing::Test {
 protected:
  std::string tell(const ServiceState& state) {
    host_.heard.clear();
    readiness_.tell(state, host_);
    return host_.heard;
  }
  HeardHost host_;
  Readiness readiness_;
};

TEST_F(ReadinessTest, ItIsToldOnceAndTimeIsAskedForBefore) {
  EXPECT_EQ(tell(kNotReady), "time ");
  EXPECT_EQ(tell(kReady), "ready ");
  EXPECT_EQ(tell(kNotReady), "");
  EXPECT_EQ(tell(kReady), "");
}

TEST_F(ReadinessTest, WhatIsStuckGetsNoMoreTime) {
  EXPECT_EQ(tell({.is_alive = false}), "");
  EXPECT_EQ(tell(kReady), "ready ");
  EXPECT_EQ(tell({.is_alive = false, .is_reloading = true}), "");
}

TEST_F(ReadinessTest, WhatWaitsForSomethingOutsideIsStartedAfterAMinute) {
  for (int second = 1; second < kReadyWaitSeconds; ++second) ASSERT_EQ(tell(kWaits), "time ");
  EXPECT_EQ(tell(kWaits), "ready ");
  EXPECT_EQ(tell(kReady), "");
}

TEST_F(ReadinessTest, WhatCannotDoItsOwnWorkIsNeverStarted) {
  for (int second = 1; second < kReadyWaitSeconds; ++second) ASSERT_EQ(tell(kWaits), "time ");
  for (int second = 0; second < 3 * kReadyWaitSeconds; ++second)
    ASSERT_EQ(tell(kNotReady), "time ") << second;
  // The minute is one without any other trouble.
  EXPECT_EQ(tell(kWaits), "time ");
}

TEST_F(ReadinessTest, TakingOverAConfigurationMayTakeItsTime) {
  EXPECT_EQ(tell(kReady), "ready ");
  EXPECT_EQ(tell({.is_ready = true, .is_reloading = true}), "time ");
  EXPECT_EQ(tell(kReady), "");
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
