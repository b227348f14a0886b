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
    lines.push_back(std::string(to_string(record.event.level)) + " " + message_text(record));
    times.push_back(record.time.us);
  }
  std::vector<std::string> lines;
  std::vector<std::int64_t> times;
};

using Lines = std::vector<std::string>;

constexpr LogEvent kUnreachable{.id = 1, .level = LogLevel::kNotice, .text = "broker unreachable"};
constexpr LogEvent kStarted{.id = 2, .level = LogLevel::kInfo, .text = "started"};
constexpr LogEvent kStopped{.id = 3, .level = LogLevel::kInfo, .text = "stopped"};
constexpr LogEvent kRunning{.id = 4, .level = LogLevel::kInfo, .text = "partition running"};
constexpr LogEvent kWarned{.id = 5, .level = LogLevel::kWarning, .text = "warned"};
constexpr LogEvent kFailed{.id = 6, .level = LogLevel::kError, .text = "failed"};
constexpr LogEvent kTick{.id = 7, .level = LogLevel::kDebug, .text = "tick"};
constexpr LogEvent kStep{.id = 8, .level = LogLevel::kTrace, .text = "step"};
constexpr LogEvent kReachable{
    .id = 10, .level = LogLevel::kNotice, .text = "broker reachable again", .ends = 1};
constexpr LogEvent kPaused{
    .id = 9, .level = LogLevel::kNotice, .text = "sending paused", .each = true};

class ServiceLogTest : public testing::Test {
 protected:
  SteppedClock clock_;
  MemorySink sink_;
  std::optional<ServiceLog> log_{std::in_place, clock_, sink_, LogLevel::kInfo, minutes{10}};
};

TEST_F(ServiceLogTest, LessImportantEventsAreDropped) {
  log_->write(kTick);
  log_->write(kStarted);
  log_->set_level(LogLevel::kError);
  log_->write(kWarned);
  log_->write(kFailed);
  log_->set_level(LogLevel::kTrace);
  log_->write(kStep);
  EXPECT_EQ(sink_.lines, (Lines{"info started", "error failed", "trace step"}));
}

TEST_F(ServiceLogTest, OfRepeatedEventsTheFirstIsWrittenThenOneSummaryAPeriod) {
  for (int i = 0; i < 30; ++i) {
    log_->write(kUnreachable, {{"WAITING", std::to_string(i)}});
    clock_.advance(minutes{1});
  }
  EXPECT_EQ(sink_.lines, (Lines{"notice broker unreachable  waiting=0",
                                "notice broker unreachable  waiting=10 (9 more in 10 min)",
                                "notice broker unreachable  waiting=20 (9 more in 10 min)"}));
}

TEST_F(ServiceLogTest, WhatHasStoppedRepeatingIsSummedUpToo) {
  for (int i = 0; i < 4; ++i) log_->write(kUnreachable, {{"WAITING", std::to_string(i)}});
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
  log_->write(kUnreachable);
  clock_.advance(minutes{1});
  log_->write(kUnreachable);
  clock_.advance(minutes{9});
  log_->summarise();
  ASSERT_EQ(sink_.times.size(), 2U);
  EXPECT_EQ(sink_.times[1] - sink_.times[0], 60'000'000);
}

TEST_F(ServiceLogTest, TheLastWordOfAStateThatComesAndGoesIsRightSoon) {
  for (int i = 0; i < 5; ++i) {
    log_->write(kUnreachable, {{"WAITING", std::to_string(i)}});
    clock_.advance(seconds{1});
    log_->write(kReachable);
    clock_.advance(seconds{1});
  }
  log_->write(kUnreachable, {{"WAITING", "5"}});
  log_->summarise();
  ASSERT_EQ(sink_.lines,
            (Lines{"notice broker unreachable  waiting=0", "notice broker reachable again"}));
  clock_.advance(seconds{21});
  log_->summarise();
  EXPECT_EQ(Lines(sink_.lines.begin() + 2, sink_.lines.end()),
            (Lines{"notice broker reachable again (3 more in 30 s)",
                   "notice broker unreachable  waiting=5 (4 more in 31 s)"}));
}

TEST_F(ServiceLogTest, WhatIsSaidOfOneDoesNotHurryWhatIsSaidOfAnother) {
  for (int i = 0; i < 2; ++i) log_->write(kUnreachable, {{"BROKER", "a", true}});
  log_->write(kReachable, {{"BROKER", "b", true}});
  clock_.advance(minutes{9});
  log_->summarise();
  EXPECT_EQ(sink_.lines.size(), 2U);
  log_->write(kReachable, {{"BROKER", "a", true}});
  log_->summarise();
  EXPECT_EQ(sink_.lines.size(), 4U);
}

TEST_F(ServiceLogTest, WhatAnOperatorHadDoneIsNeverHeldBack) {
  for (int i = 0; i < 3; ++i) log_->write(kPaused);
  EXPECT_EQ(sink_.lines, Lines(3, "notice sending paused"));
  log_->set_level(LogLevel::kWarning);
  log_->write(kPaused);
  EXPECT_EQ(sink_.lines.size(), 3U);
}

TEST_F(ServiceLogTest, TheLastLineIsLastWhenAllIsSummedUpBefore) {
  for (int i = 0; i < 3; ++i) log_->write(kUnreachable);
  log_->summarise_all();
  log_->write(kStopped);
  log_.reset();
  EXPECT_EQ(sink_.lines, (Lines{"notice broker unreachable",
                                "notice broker unreachable (1 more in 0 s)", "info stopped"}));
}

TEST_F(ServiceLogTest, AfterAQuietPeriodAnEventIsNewAgain) {
  log_->write(kStarted);
  clock_.advance(minutes{10});
  log_->write(kStarted);
  EXPECT_EQ(sink_.lines, (Lines{"info started", "info started"}));
}

TEST_F(ServiceLogTest, DifferentEventsAndDistinctFieldsAreNoRepetitions) {
  log_->write(kStarted);
  log_->write(kStopped);
  log_->write(kRunning, {{"PARTITION", "0", true}});
  log_->write(kRunning, {{"PARTITION", "1", true}});
  log_->write(kRunning, {{"PARTITION", "1", true}});
  EXPECT_EQ(sink_.lines,
            (Lines{"info started", "info stopped", "info partition running  partition=0",
                   "info partition running  partition=1"}));
}

TEST_F(ServiceLogTest, DebugIsNeverSummedUp) {
  log_->set_level(LogLevel::kDebug);
  for (int i = 0; i < 3; ++i) log_->write(kTick);
  EXPECT_EQ(sink_.lines.size(), 3U);
}

TEST_F(ServiceLogTest, NothingIsForgottenAtTheEnd) {
  for (int i = 0; i < 3; ++i) log_->write(kUnreachable);
  clock_.advance(seconds{5});
  log_.reset();
  EXPECT_EQ(sink_.lines,
            (Lines{"notice broker unreachable", "notice broker unreachable (1 more in 5 s)"}));
}

TEST_F(ServiceLogTest, MemoryIsBoundedAndNothingIsLostByIt) {
  log_->write(kUnreachable);
  log_->write(kUnreachable);
  for (std::size_t i = 0; i < 3 * ServiceLog::kRemembersMax; ++i)
    log_->write(kRunning, {{"N", std::to_string(i), true}});
  EXPECT_EQ(sink_.lines.size(), 2 + 3 * ServiceLog::kRemembersMax);
}

TEST_F(ServiceLogTest, ThreadsMayLogAtOnce) {
  log_->set_level(LogLevel::kDebug);
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([this] {
      for (int n = 0; n < 100; ++n) log_->write(kTick);
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(sink_.lines.size(), 400U);
}

}  // namespace
}  // namespace meterbill
