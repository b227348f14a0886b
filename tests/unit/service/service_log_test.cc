#include "service/service_log.h"

#include <gtest/gtest.h>

#include <thread>

#include "unit/service/stepped_clock.h"

namespace meterbill {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class MemorySink final : public LogSink {
 public:
  void write(const LogRecord& record) override {
    lines.push_back(std::string(to_string(record.level)) + " " + message_text(record));
    times.push_back(record.time.us);
  }
  std::vector<std::string> lines;
  std::vector<std::int64_t> times;
};

using Lines = std::vector<std::string>;

class ServiceLogTest : public testing::Test {
 protected:
  SteppedClock clock_;
  MemorySink sink_;
  std::optional<ServiceLog> log_{std::in_place, clock_, sink_, LogLevel::kInfo, minutes{10}};
};

TEST_F(ServiceLogTest, LessImportantEventsAreDropped) {
  log_->debug("a");
  log_->info("b");
  log_->set_level(LogLevel::kError);
  log_->warning("c");
  log_->error("d");
  log_->set_level(LogLevel::kTrace);
  log_->trace("e");
  EXPECT_EQ(sink_.lines, (Lines{"info b", "error d", "trace e"}));
}

TEST_F(ServiceLogTest, OfRepeatedEventsTheFirstIsWrittenThenOneSummaryAPeriod) {
  for (int i = 0; i < 30; ++i) {
    log_->notice("broker unreachable", {{"WAITING", std::to_string(i)}});
    clock_.advance(minutes{1});
  }
  EXPECT_EQ(sink_.lines, (Lines{"notice broker unreachable  waiting=0",
                                "notice broker unreachable  waiting=10 (9 more in 10 min)",
                                "notice broker unreachable  waiting=20 (9 more in 10 min)"}));
}

TEST_F(ServiceLogTest, WhatHasStoppedRepeatingIsSummedUpToo) {
  for (int i = 0; i < 4; ++i) log_->notice("broker unreachable", {{"WAITING", std::to_string(i)}});
  log_->summarise();
  EXPECT_EQ(sink_.lines.size(), 1U);
  clock_.advance(minutes{10});
  log_->summarise();
  EXPECT_EQ(sink_.lines, (Lines{"notice broker unreachable  waiting=0",
                                "notice broker unreachable  waiting=3 (2 more in 10 min)"}));
  clock_.advance(minutes{10});
  log_->summarise();
  EXPECT_EQ(sink_.lines.size(), 2U);
}

TEST_F(ServiceLogTest, WhatWasHeldBackKeepsItsTime) {
  log_->notice("a");
  clock_.advance(minutes{1});
  log_->notice("a");
  clock_.advance(minutes{9});
  log_->summarise();
  ASSERT_EQ(sink_.times.size(), 2U);
  EXPECT_EQ(sink_.times[1] - sink_.times[0], 60'000'000);
}

TEST_F(ServiceLogTest, WhatAnOperatorHadDoneIsNeverHeldBack) {
  for (int i = 0; i < 3; ++i) log_->operated("sending paused", {});
  EXPECT_EQ(sink_.lines, Lines(3, "notice sending paused"));
  log_->set_level(LogLevel::kWarning);
  log_->operated("sending paused", {});
  EXPECT_EQ(sink_.lines.size(), 3U);
}

TEST_F(ServiceLogTest, TheLastLineIsLastWhenAllIsSummedUpBefore) {
  for (int i = 0; i < 3; ++i) log_->notice("a");
  log_->summarise_all();
  log_->info("stopped");
  log_.reset();
  EXPECT_EQ(sink_.lines, (Lines{"notice a", "notice a (1 more in 0 s)", "info stopped"}));
}

TEST_F(ServiceLogTest, AfterAQuietPeriodAnEventIsNewAgain) {
  log_->info("started");
  clock_.advance(minutes{10});
  log_->info("started");
  EXPECT_EQ(sink_.lines, (Lines{"info started", "info started"}));
}

TEST_F(ServiceLogTest, DifferentEventsLevelsAndDistinctFieldsAreNoRepetitions) {
  log_->info("a");
  log_->info("b");
  log_->warning("a");
  log_->info("partition running", {{"PARTITION", "0", true}});
  log_->info("partition running", {{"PARTITION", "1", true}});
  log_->info("partition running", {{"PARTITION", "1", true}});
  EXPECT_EQ(sink_.lines,
            (Lines{"info a", "info b", "warning a", "info partition running  partition=0",
                   "info partition running  partition=1"}));
}

TEST_F(ServiceLogTest, DebugIsNeverSummedUp) {
  log_->set_level(LogLevel::kDebug);
  for (int i = 0; i < 3; ++i) log_->debug("tick");
  EXPECT_EQ(sink_.lines.size(), 3U);
}

TEST_F(ServiceLogTest, NothingIsForgottenAtTheEnd) {
  for (int i = 0; i < 3; ++i) log_->notice("a");
  clock_.advance(seconds{5});
  log_.reset();
  EXPECT_EQ(sink_.lines, (Lines{"notice a", "notice a (1 more in 5 s)"}));
}

TEST_F(ServiceLogTest, MemoryIsBoundedAndNothingIsLostByIt) {
  log_->notice("b");
  log_->notice("b");
  for (std::size_t i = 0; i < 3 * ServiceLog::kRemembersMax; ++i)
    log_->info("a", {{"N", std::to_string(i), true}});
  EXPECT_EQ(sink_.lines.size(), 2 + 3 * ServiceLog::kRemembersMax);
}

TEST_F(ServiceLogTest, ThreadsMayLogAtOnce) {
  log_->set_level(LogLevel::kDebug);
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([this] {
      for (int n = 0; n < 100; ++n) log_->debug("tick");
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(sink_.lines.size(), 400U);
}

}  // namespace
}  // namespace meterbill
