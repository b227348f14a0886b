#include "agent/sender.h"

#include <gtest/gtest.h>

#include "agent_bench.h"

namespace meterbill {
namespace {

constexpr std::int64_t kSecond = AgentBench::kSecond;

/// An agent with three slots' rows waiting: two final ones and the running one.
struct Waiting : AgentBench {
  Waiting() {
    agent->tick_once();
    run(2 * 90 + 2);
  }
};

SendReport refuse_more_than_one(const OutgoingMessage& message) {
  const auto lines = std::ranges::count(message.value, '\n');
  return FakeSink::report(lines > 1 ? Fate::kRefused : Fate::kDelivered, "HTTP 413");
}

TEST(SenderTest, WhatWaitsIsSentAndAcknowledged) {
  Waiting bench;
  EXPECT_EQ(bench.agent->send_once(), 0);
  ASSERT_EQ(bench.sink.delivered.size(), 1U);
  EXPECT_EQ(std::ranges::count(bench.sink.delivered[0], '\n'), 3);
  EXPECT_EQ(bench.agent->status().spool.waiting, 0);
  EXPECT_EQ(bench.agent->status().sending.last_acknowledged, bench.clock.now().utc);
  EXPECT_GT(bench.agent->send_once(), 0);  // nothing left
  EXPECT_EQ(bench.sink.calls, 1);
}

TEST(SenderTest, AMessageCarriesOneEpochAndSaysWhichRunSentIt) {
  Waiting bench;
  bench.restart();
  bench.agent->tick_once();
  bench.run(1);
  static_cast<void>(bench.agent->send_once());
  ASSERT_EQ(bench.frames.size(), 2U);
  EXPECT_NE(bench.frames[0].epoch, bench.frames[1].epoch);
  EXPECT_EQ(bench.frames[0].sender, bench.frames[1].epoch);
  EXPECT_EQ(bench.frames[1].sender, bench.frames[1].epoch);
  EXPECT_EQ(bench.frames[1].cpu_usage_percent, "25");
  EXPECT_EQ(bench.frames[1].memory_usage_percent, "61.2");
}

TEST(SenderTest, AMessageIsOfTheMachineThatItsEpochMetered) {
  Waiting bench;
  bench.options.machine = MachineId("web-2");
  bench.restart();
  bench.agent->tick_once();
  bench.run(1);
  const auto machines = [&] {
    std::vector<std::string> found;
    for (const MessageFrame& frame : std::exchange(bench.frames, {}))
      found.push_back(frame.machine.str());
    return found;
  };
  static_cast<void>(bench.agent->send_once());
  EXPECT_EQ(machines(), (std::vector<std::string>{"web-1", "web-2"}));
  ASSERT_EQ(bench.agent->send_again().value(), 4);
  static_cast<void>(bench.agent->send_once());
  EXPECT_EQ(machines(), (std::vector<std::string>{"web-1", "web-2"}));
}

TEST(SenderTest, ARefusedMessageIsSplitUntilItIsTaken) {
  Waiting bench;
  bench.sink.answer = refuse_more_than_one;
  EXPECT_EQ(bench.agent->send_once(), 0);
  EXPECT_EQ(bench.sink.delivered.size(), 3U);
  EXPECT_EQ(bench.agent->status().spool.waiting, 0);
  EXPECT_EQ(bench.agent->status().spool.aside, 0);
}

TEST(SenderTest, ASingleRefusedRowIsSetAsideVisiblyAndTheOthersGoOn) {
  Waiting bench;
  bench.sink.answer = [](const OutgoingMessage& message) {
    const bool bad = message.value.find("T10:15:00Z") != std::string::npos;
    return FakeSink::report(bad ? Fate::kRefused : Fate::kDelivered, "HTTP 400: never");
  };
  static_cast<void>(bench.agent->send_once());
  const AgentStatus status = bench.agent->status();
  EXPECT_EQ(status.spool.waiting, 0);
  ASSERT_EQ(status.aside.size(), 1U);
  EXPECT_EQ(to_string(status.aside[0].key.slot), "2026-11-22T10:15:00Z");
  EXPECT_EQ(status.aside[0].reason, "HTTP 400: never");
  EXPECT_EQ(bench.events.count("row_set_aside machine HTTP 400"), 1);
  EXPECT_NE(to_json(status).find("HTTP 400: never"), std::string::npos);
}

TEST(SenderTest, ARefusedRowThatHasGrownSinceIsNoRowSetAside) {
  AgentBench bench;
  bench.agent->tick_once();
  bench.run(2);
  bench.sink.answer = [&](const OutgoingMessage&) {
    bench.run(1);
    return FakeSink::report(Fate::kRefused, "HTTP 400: never");
  };
  EXPECT_EQ(bench.agent->send_once(), 0);
  EXPECT_EQ(bench.events.count("row_set_aside"), 0);
  EXPECT_EQ(bench.agent->status().spool.aside, 0);
  EXPECT_EQ(bench.agent->status().spool.waiting, 1);
  bench.sink.answer = [](const OutgoingMessage&) { return FakeSink::report(Fate::kDelivered); };
  EXPECT_EQ(bench.agent->send_once(), 0);
  EXPECT_EQ(bench.sink.delivered.size(), 1U);
}

TEST(SenderTest, AnAbsentSinkIsTriedAgainWithDoublingWaitsUpToAMinute) {
  Waiting bench;
  bench.sink.answer = [](const OutgoingMessage&) { return FakeSink::report(Fate::kLater, "away"); };
  std::int64_t full = kSecond;
  for (int i = 0; i < 10; ++i) {
    const std::int64_t wait = bench.agent->send_once();
    EXPECT_GE(wait, full / 2) << i;
    EXPECT_LE(wait, full) << i;
    EXPECT_EQ(bench.agent->send_once(), wait);  // not before
    EXPECT_EQ(bench.sink.calls, i + 1);
    bench.clock.advance(wait);
    full = std::min(full * 2, Sender::kBackoffUsMax);
  }
  bench.sink.answer = [](const OutgoingMessage&) { return FakeSink::report(Fate::kDelivered); };
  EXPECT_EQ(bench.agent->send_once(), 0);
  EXPECT_EQ(bench.agent->status().spool.waiting, 0);
}

TEST(SenderTest, RetryAfterIsHonouredUpToFiveMinutes) {
  for (const auto& [asked_ms, wait_us] : {std::pair{std::int64_t{90'000}, 90 * kSecond},
                                          std::pair{std::int64_t{86'400'000}, 300 * kSecond}}) {
    Waiting bench;
    bench.sink.answer = [asked = asked_ms](const OutgoingMessage&) {
      SendReport report = FakeSink::report(Fate::kLater, "HTTP 503");
      report.retry_after_ms = asked;
      return report;
    };
    EXPECT_EQ(bench.agent->send_once(), wait_us);
  }
}

TEST(SenderTest, AnOutageIsToldAfterThirtySecondsThenEveryTenMinutesAndItsEnd) {
  Waiting bench;
  bench.sink.answer = [](const OutgoingMessage&) { return FakeSink::report(Fate::kLater, "away"); };
  for (std::int64_t passed = 0; passed < 1'500 * kSecond;) {
    const std::int64_t wait = bench.agent->send_once();
    bench.clock.advance(wait);
    passed += wait;
  }
  EXPECT_EQ(bench.events.count("sink_unreachable"), 3);
  EXPECT_EQ(bench.agent->status().sending.outage->detail, "away");
  bench.sink.answer = [](const OutgoingMessage&) { return FakeSink::report(Fate::kDelivered); };
  static_cast<void>(bench.agent->send_once());
  EXPECT_EQ(bench.events.count("sink_reachable_again"), 1);
  EXPECT_FALSE(bench.agent->status().sending.outage);
}

TEST(SenderTest, AShortOutageIsNotWorthALine) {
  Waiting bench;
  bench.sink.answer = [](const OutgoingMessage&) { return FakeSink::report(Fate::kLater, "away"); };
  bench.clock.advance(bench.agent->send_once());
  bench.sink.answer = [](const OutgoingMessage&) { return FakeSink::report(Fate::kDelivered); };
  static_cast<void>(bench.agent->send_once());
  EXPECT_EQ(bench.events.count("sink_"), 0);
}

TEST(SenderTest, WhatWasTakenStaysAcknowledgedWhenALaterMessageIsNot) {
  Waiting bench;
  bench.readings_max = 1;
  bench.sink.answer = [](const OutgoingMessage& message) {
    const bool first = message.value.find("T10:00:00Z") != std::string::npos;
    return FakeSink::report(first ? Fate::kDelivered : Fate::kLater, "away");
  };
  EXPECT_GT(bench.agent->send_once(), 0);
  EXPECT_EQ(bench.agent->status().spool.waiting, 2);
}

TEST(SenderTest, QuarantinedReadingsAreToldAtMostEveryTenMinutes) {
  Waiting bench;
  bench.sink.answer = [](const OutgoingMessage&) {
    SendReport report = FakeSink::report(Fate::kDelivered);
    report.quarantined = 2;
    return report;
  };
  static_cast<void>(bench.agent->send_once());
  for (int i = 0; i < 90; ++i) {
    bench.run(1);
    static_cast<void>(bench.agent->send_once());
  }
  EXPECT_EQ(bench.events.count("readings_quarantined"), 2);
  EXPECT_EQ(bench.events.count("readings_quarantined 2"), 1);
  EXPECT_EQ(bench.agent->status().sending.quarantined, 2 * 91);
}

TEST(SenderTest, AClockThatDiffersByMoreThanThirtySecondsAlarmsOnceUntilItIsRight) {
  Waiting bench;
  std::int64_t ahead = 31 * kSecond;
  bench.sink.answer = [&](const OutgoingMessage&) {
    SendReport report = FakeSink::report(Fate::kDelivered);
    report.server_time = UtcTime{bench.clock.now().utc.us - ahead};
    return report;
  };
  for (const std::int64_t now_ahead : {31 * kSecond, 40 * kSecond, 30 * kSecond, -31 * kSecond}) {
    ahead = now_ahead;
    bench.run(1);
    static_cast<void>(bench.agent->send_once());
    EXPECT_EQ(bench.agent->status().sending.clock_ahead_us.has_value(),
              std::abs(ahead) > 30 * kSecond);
  }
  EXPECT_EQ(bench.events.count("clock_alarm 31 s"), 1);
  EXPECT_EQ(bench.events.count("clock_alarm 40 s"), 0);
  EXPECT_EQ(bench.events.count("clock_alarm_over"), 1);
  EXPECT_EQ(bench.events.count("clock_alarm -31 s"), 1);
}

TEST(SenderTest, ARowThatGrowsWhileItIsSentIsSentAgain) {
  AgentBench bench;
  bench.agent->tick_once();
  bench.run(1);
  bench.sink.answer = [&](const OutgoingMessage&) {
    bench.tick_after(10 * kSecond);  // the spool is not locked while the network is waited for
    return FakeSink::report(Fate::kDelivered);
  };
  static_cast<void>(bench.agent->send_once());
  bench.agent->tick_once();
  EXPECT_EQ(bench.agent->status().spool.waiting, 1);
}

TEST(SenderTest, ASpoolThatCannotBeReadIsToldAndTriedAgain) {
  Waiting bench;
  bench.spool.pending_failure = Code::kIo;
  EXPECT_GT(bench.agent->send_once(), 0);
  EXPECT_EQ(bench.events.count("spool_failed read what waits"), 1);
  bench.clock.advance(kSecond);
  EXPECT_EQ(bench.agent->send_once(), 0);
}

}  // namespace
}  // namespace meterbill
