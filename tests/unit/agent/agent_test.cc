#include "agent/agent.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>
#include <utility>

#include "agent/agent_api.h"
#include "agent_bench.h"

namespace meterbill {
namespace {

constexpr std::int64_t kSecond = AgentBench::kSecond;

TEST(AgentTest, ATickSavesAndTheStatusTells) {
  AgentBench bench;
  EXPECT_FALSE(bench.agent->status().ready);
  EXPECT_EQ(bench.agent->status().reason, "no tick yet");
  bench.agent->tick_once();
  bench.run(3);
  const AgentStatus status = bench.agent->status();
  EXPECT_TRUE(status.ready) << status.reason;
  EXPECT_EQ(status.newest.cpu, "25");
  EXPECT_EQ(status.newest.memory, "61.2");
  EXPECT_EQ(status.spool.waiting, 1);
  EXPECT_EQ(status.sink, "fake://sink");
  ASSERT_TRUE(status.epoch);
  EXPECT_EQ(status.epoch->id.str().size(), 32U);
  EXPECT_EQ(bench.events.lines(), std::vector<std::string>{"epoch_began 0 0"});
}

TEST(AgentTest, ItIsNotReadyWhenTicksStopComing) {
  AgentBench bench;
  bench.agent->tick_once();
  bench.clock.advance(36 * kSecond);
  EXPECT_EQ(bench.agent->status().reason, "no tick for 36 s");
}

TEST(AgentTest, AFullDiskKeepsTotalsInMemoryAndResumesByItself) {
  AgentBench bench;
  bench.agent->tick_once();
  bench.spool.save_failure = Code::kDiskFull;
  bench.run(100);
  EXPECT_FALSE(bench.agent->status().ready);
  EXPECT_EQ(bench.events.count("save_failed"), 1);
  bench.spool.save_failure.reset();
  bench.run(1);
  EXPECT_TRUE(bench.agent->status().ready);
  EXPECT_EQ(bench.events.count("save_recovered"), 1);
  static_cast<void>(bench.agent->send_once());
  ASSERT_EQ(bench.sink.delivered.size(), 1U);
  EXPECT_NE(bench.sink.delivered[0].find("T10:00:00Z machine final cpu=450000000"),
            std::string::npos)
      << bench.sink.delivered[0];
  EXPECT_NE(bench.sink.delivered[0].find("T10:15:00Z machine open cpu=55000000"),
            std::string::npos);
}

TEST(AgentTest, ADamagedSpoolIsBegunAnewAndTheRunningSlotIsNotLost) {
  AgentBench bench;
  bench.agent->tick_once();
  bench.run(5);
  bench.spool.save_failure = Code::kDamaged;
  bench.run(1);
  EXPECT_EQ(bench.events.count("spool_damaged memory.damaged"), 1);
  EXPECT_TRUE(bench.agent->status().ready);
  EXPECT_EQ(bench.agent->status().damaged_spool, "memory.damaged");
  static_cast<void>(bench.agent->send_once());
  EXPECT_NE(bench.sink.delivered.at(0).find("cpu=30000000 "), std::string::npos);
}

TEST(AgentTest, ASpoolThatWasDamagedBeforeTheStartIsToldToo) {
  AgentBench bench;
  bench.options.damaged_spool = "spool.db.damaged";
  bench.restart();
  bench.run(1);
  EXPECT_EQ(bench.events.count("spool_damaged spool.db.damaged"), 1);
  EXPECT_EQ(bench.agent->status().damaged_spool, "spool.db.damaged");
}

TEST(AgentTest, WhatCannotBeSavedIsToldWithTheRemedy) {
  const std::pair<Code, std::string> cases[] = {
      {Code::kDiskFull, "free space on the disk of agent.state_dir"},
      {Code::kIo, "agent.state_dir must be writable"},
  };
  for (const auto& [code, remedy] : cases) {
    AgentBench bench;
    bench.spool.save_failure = code;
    bench.run(1);
    const AgentStatus status = bench.agent->status();
    EXPECT_FALSE(status.ready);
    EXPECT_NE(status.reason.find(remedy), std::string::npos) << status.reason;
  }
}

TEST(AgentTest, DamageThatTheSenderFindsIsRepairedByTheNextTick) {
  AgentBench bench;
  bench.agent->tick_once();
  bench.run(5);
  bench.spool.pending_failure = Code::kDamaged;
  static_cast<void>(bench.agent->send_once());
  bench.run(1);
  EXPECT_EQ(bench.events.count("spool_damaged"), 1);
  EXPECT_EQ(bench.agent->status().spool.waiting, 1);
}

TEST(AgentTest, ABlindMeterIsToldOnceAndNothingIsBilledMeanwhile) {
  AgentBench bench;
  bench.agent->tick_once();
  bench.blind = true;
  bench.run(3);
  EXPECT_EQ(bench.agent->status().reason,
            "the CPU counters cannot be read; the service must see /proc/stat");
  EXPECT_EQ(bench.agent->status().faults, std::vector<std::string>{"cpu meter: hidden"});
  EXPECT_EQ(bench.agent->status().spool.waiting, 0);
  bench.blind = false;
  bench.run(1);
  EXPECT_EQ(bench.events.lines(),
            (std::vector<std::string>{"epoch_began 0 0", "metering_changed 2",
                                      "meter_failed cpu meter: hidden", "metering_changed 0",
                                      "meters_recovered"}));
}

TEST(AgentTest, NothingIsSentWhileTheClockIsBeforeTheBuildDate) {
  AgentBench bench;
  bench.agent->tick_once();
  bench.run(1);
  bench.clock.step(-3'650LL * 24 * 3'600 * kSecond);
  bench.run(1);
  EXPECT_EQ(bench.agent->send_once(), 10 * kSecond);
  EXPECT_EQ(bench.sink.calls, 0);
  EXPECT_NE(bench.agent->status().reason.find("clock"), std::string::npos);
}

TEST(AgentTest, PausedSendingGoesOnMeteringAndResumes) {
  AgentBench bench;
  bench.agent->tick_once();
  bench.agent->pause();
  bench.agent->pause();
  bench.run(5);
  static_cast<void>(bench.agent->send_once());
  EXPECT_EQ(bench.sink.calls, 0);
  EXPECT_TRUE(bench.agent->status().paused);
  EXPECT_TRUE(bench.agent->status().ready);
  bench.agent->resume();
  static_cast<void>(bench.agent->send_once());
  EXPECT_EQ(bench.sink.calls, 1);
  EXPECT_EQ(bench.events.count("sending_paused"), 2);
}

TEST(AgentTest, SendNowDoesNotWaitForTheBackoff) {
  AgentBench bench;
  bench.agent->tick_once();
  bench.run(1);
  bench.sink.answer = [](const OutgoingMessage&) { return FakeSink::report(Fate::kLater, "away"); };
  static_cast<void>(bench.agent->send_once());
  static_cast<void>(bench.agent->send_once());
  EXPECT_EQ(bench.sink.calls, 1);
  bench.agent->send_now();
  static_cast<void>(bench.agent->send_once());
  EXPECT_EQ(bench.sink.calls, 2);
}

TEST(AgentTest, ASendNowThatSucceedsEndsTheBackoff) {
  AgentBench bench;
  bench.agent->tick_once();
  bench.run(1);
  bench.sink.answer = [](const OutgoingMessage&) { return FakeSink::report(Fate::kLater, "away"); };
  static_cast<void>(bench.agent->send_once());
  bench.sink.answer = [](const OutgoingMessage&) { return FakeSink::report(Fate::kDelivered); };
  bench.agent->send_now();
  EXPECT_EQ(bench.agent->send_once(), 0);
  // In no time: the backoff would still last.
  bench.agent->finish(EndMark::kOperator);
  static_cast<void>(bench.agent->send_once());
  EXPECT_EQ(bench.sink.delivered.size(), 2U);
}

TEST(AgentTest, AnAskedTryIsAnsweredByTheEndOfWhatItSends) {
  AgentBench bench;
  bench.agent->tick_once();
  bench.run(1);
  static_cast<void>(bench.agent->send_once());  // all of it
  bench.run(1);
  bench.sink.answer = [](const OutgoingMessage&) { return FakeSink::report(Fate::kLater, "away"); };
  static_cast<void>(bench.agent->send_once());
  EXPECT_EQ(bench.agent->status().sends_answered, 0) << "nobody asked";
  const std::int64_t asked = bench.agent->send_now();
  EXPECT_LT(bench.agent->status().sends_answered, asked);
  const std::int64_t wait = bench.agent->send_once();
  EXPECT_EQ(bench.agent->status().sends_answered, asked) << "it could not";
  EXPECT_EQ(bench.agent->status().next_try, UtcTime{bench.clock.now().utc.us + wait});

  bench.sink.answer = [](const OutgoingMessage&) { return FakeSink::report(Fate::kDelivered); };
  const std::int64_t again = bench.agent->send_now();
  EXPECT_GT(again, asked);
  EXPECT_EQ(bench.agent->send_once(), 0);
  EXPECT_LT(bench.agent->status().sends_answered, again) << "more may wait";
  EXPECT_EQ(bench.agent->status().next_try, std::nullopt);
  static_cast<void>(bench.agent->send_once());
  EXPECT_EQ(bench.agent->status().sends_answered, again);
}

TEST(AgentTest, WhatWaitsIsAsOldAsTheTickThatFirstKeptIt) {
  AgentBench bench;
  bench.clock.advance(600 * kSecond);
  bench.agent->tick_once();
  bench.run(2);
  static_cast<void>(bench.agent->send_once());
  EXPECT_EQ(bench.agent->status().waiting_since(), std::nullopt);
  bench.run(1);
  const UtcTime first = bench.clock.now().utc;
  bench.run(3);
  EXPECT_EQ(bench.agent->status().waiting_since(), first);
  EXPECT_NE(to_json(bench.agent->status()).find(R"("oldest_age_s":30,)"), std::string::npos);
  // What an earlier run left may be as old as its slot.
  bench.restart();
  bench.run(1);
  EXPECT_EQ(bench.agent->status().waiting_since(), parse_utc("2026-11-22T10:00:00Z").value());
}

TEST(AgentTest, SendAgainOffersAllKeptRows) {
  AgentBench bench;
  bench.agent->tick_once();
  bench.run(100);
  static_cast<void>(bench.agent->send_once());
  EXPECT_EQ(bench.agent->send_again().value(), 2);
  static_cast<void>(bench.agent->send_once());
  ASSERT_EQ(bench.sink.delivered.size(), 2U);
  EXPECT_EQ(bench.sink.delivered[0], bench.sink.delivered[1]);
}

TEST(AgentTest, TheEndMakesRowsFinalAndLeavesItsMark) {
  AgentBench bench;
  bench.agent->tick_once();
  bench.run(1);
  bench.clock.advance(3 * kSecond);
  bench.agent->finish(EndMark::kHost);
  EXPECT_EQ(bench.spool.load().value().checkpoint->end, EndMark::kHost);
  static_cast<void>(bench.agent->send_once());
  EXPECT_NE(bench.sink.delivered.at(0).find("machine final cpu=6500000 "), std::string::npos)
      << bench.sink.delivered.at(0);
}

TEST(AgentTest, ARestartGoesOnFromTheCheckpoint) {
  AgentBench bench;
  bench.agent->tick_once();
  bench.run(2);
  bench.clock.advance(60 * kSecond);
  bench.restart();
  bench.agent->tick_once();
  EXPECT_EQ(bench.events.lines().back(), "epoch_began 1 60000000");
}

TEST(AgentTest, ASinkThatHangsDelaysNoTick) {
  // Real waiters and both threads.
  struct HangingSink final : Sink {
    std::vector<SendReport> send(std::span<const OutgoingMessage> messages) override {
      ++calls;
      calls.notify_all();
      while (!released) released.wait(false);
      return std::vector<SendReport>(messages.size(), FakeSink::report(Fate::kDelivered));
    }
    [[nodiscard]] std::string name() const override { return "hanging"; }
    std::atomic<int> calls = 0;
    std::atomic<bool> released = false;
  };
  SystemClock clock;
  FakeMeters meters{[&] {
    HostSample sample;
    sample.cpu = CpuCounter{.busy_us = clock.now().monotonic_us, .cores = 4};
    return sample;
  }};
  MemorySpool spool;
  HangingSink sink;
  RecordingEvents events;
  ConditionWaiter tick_waiter;
  ConditionWaiter send_waiter;
  std::atomic<std::uint64_t> random = 0;
  Agent agent({.machine = MachineId("web-1"), .labels = {}, .interval_us = 2'000, .built = {0}},
              {.meters = meters,
               .clock = clock,
               .spool = spool,
               .sink = sink,
               .events = events,
               .tick_waiter = tick_waiter,
               .send_waiter = send_waiter,
               .encode = [](const MessageFrame& frame, std::span<const Reading> readings,
                            std::int64_t seq) { return line_encode(frame, readings, seq, 100); },
               .random = [&] { return ++random; },
               .how_it_ends = [] { return EndMark::kOperator; }});
  ASSERT_TRUE(agent.open());
  std::jthread running([&](const std::stop_token& stop) { agent.run(stop); });
  sink.calls.wait(0);
  const auto first = agent.status().last_tick;
  while (agent.status().last_tick->us < first->us + 20'000) std::this_thread::yield();
  EXPECT_EQ(sink.calls, 1);  // still hanging in the first call
  sink.released = true;
  sink.released.notify_all();
  running.request_stop();
  running.join();
  EXPECT_EQ(spool.load().value().checkpoint->end, EndMark::kOperator);
  EXPECT_EQ(spool.counts().value().waiting, 0);  // the last try took it all
}

TEST(AgentStatusTest, JsonIsWellFormedWhateverTheTextsAre) {
  AgentStatus status;
  status.reason = "a \"quoted\"\nline \xff";
  const std::string json = to_json(status);
  EXPECT_NE(json.find(R"("reason":"a \"quoted\"\nline )"
                      "\xef\xbf\xbd\""),
            std::string::npos)
      << json;
  EXPECT_NE(json.find(R"("epoch":null)"), std::string::npos);
  EXPECT_NE(json.find(R"("outage":null)"), std::string::npos);
}

/// All that may be wrong at once.
AgentStatus troubled() {
  AgentStatus status;
  status.ready = true;
  status.version = "1.2.3";
  status.machine = MachineId("web-1");
  status.interval_us = 10'000'000;
  status.now = parse_utc("2026-11-22T10:20:30Z").value();
  status.started = parse_utc("2026-11-22T09:00:00Z").value();
  status.last_tick = parse_utc("2026-11-22T10:20:20Z").value();
  status.epoch = Epoch{.id = EpochId("e1"),
                       .boot = BootId("b1"),
                       .labels = {{"site", "lab-3"}},
                       .started = Slot::containing(status.now)};
  status.newest = {.cpu = "37.5", .memory = "61.2"};
  status.faults = {"memory meter: hidden"};
  status.spool = {.waiting = 7,
                  .oldest = parse_utc("2026-11-22T09:45:00Z").value(),
                  .aside = 1,
                  .kept = 9,
                  .tight = true,
                  .folded = Folded{.rows = 240,
                                   .first_slot = Slot::containing(status.now).plus(-9),
                                   .last_slot = Slot::containing(status.now).plus(-2),
                                   .first_at = parse_utc("2026-11-22T10:00:10Z").value(),
                                   .last_at = parse_utc("2026-11-22T10:20:20Z").value(),
                                   .going_on_since = parse_utc("2026-11-22T10:10:00Z").value()}};
  status.aside = {{.key = {EpochId("e1"), Slot::containing(status.now), machine_scope()},
                   .reason = "HTTP 400: never",
                   .since = parse_utc("2026-11-22T10:16:00Z").value()}};
  status.sink = "http://127.0.0.1:5001";
  status.sending.last_acknowledged = parse_utc("2026-11-22T10:10:00Z").value();
  status.sending.outage = Outage{.since = parse_utc("2026-11-22T10:10:10Z").value(),
                                 .lasted_us = 620'000'000,
                                 .detail = "connect: refused",
                                 .waiting = 7};
  status.sending.quarantined = 2;
  status.sending.clock_ahead_us = -45'000'000;
  status.next_try = parse_utc("2026-11-22T10:21:05.75Z").value();
  status.sends_answered = 3;
  return status;
}

TEST(AgentStatusTest, JsonTellsAllThatIsWrong) {
  EXPECT_EQ(
      to_json(troubled()),
      R"({"ready":true,"reason":"","version":"1.2.3","machine_id":"web-1",)"
      R"("time":"2026-11-22T10:20:30Z","started":"2026-11-22T09:00:00Z",)"
      R"("epoch":{"id":"e1","boot_id":"b1",)"
      R"("started_slot":"2026-11-22T10:15:00Z","labels":{"site":"lab-3"}},)"
      R"("metering":{"state":"metered","interval_ms":10000,"last_tick":"2026-11-22T10:20:20Z",)"
      R"("cpu_percent":"37.5","memory_percent":"61.2","faults":["memory meter: hidden"],)"
      R"("steps_back":0},"spool":{"rows":9,"waiting":7,"oldest_slot":"2026-11-22T09:45:00Z",)"
      R"("oldest_age_s":2130,"set_aside":1,"set_aside_rows":[{"epoch":"e1",)"
      R"("slot":"2026-11-22T10:15:00Z","scope":"machine","reason":"HTTP 400: never",)"
      R"("since":"2026-11-22T10:16:00Z"}],"nearly_full":true,)"
      R"("folded":{"rows":240,"first_slot":"2026-11-22T08:00:00Z",)"
      R"("last_slot":"2026-11-22T09:45:00Z","first_at":"2026-11-22T10:00:10Z",)"
      R"("last_at":"2026-11-22T10:20:20Z","going_on_since":"2026-11-22T10:10:00Z"},)"
      R"("save_error":"","damaged_file":""},)"
      R"("sending":{"sink":"http://127.0.0.1:5001","paused":false,)"
      R"("last_acknowledged":"2026-11-22T10:10:00Z","outage":{"since":"2026-11-22T10:10:10Z",)"
      R"("lasted_s":620,"detail":"connect: refused"},"next_try":"2026-11-22T10:21:05.750000Z",)"
      R"("sends_answered":3,"quarantined":2,"clock_ahead_ms":-45000}})");
}

TEST(AgentTest, ALoopThatIsStuckIsNotAliveAndOneThatRestsIs) {
  // The manual clock stands still while the loops wait in real time: whoever rests is late when it
  // is moved on, and keeps its promise again after its next round.
  AgentBench bench;
  std::promise<void> entered;
  std::promise<void> let_go;
  struct HangingSink final : Sink {
    HangingSink(std::promise<void>& in, std::promise<void>& out) : entered(in), let_go(out) {}
    std::vector<SendReport> send(std::span<const OutgoingMessage> messages) override {
      if (!std::exchange(hung, true)) {
        entered.set_value();
        let_go.get_future().wait();
      }
      return std::vector<SendReport>(messages.size(), FakeSink::report(Fate::kDelivered));
    }
    [[nodiscard]] std::string name() const override { return "hanging"; }
    std::promise<void>& entered;
    std::promise<void>& let_go;
    bool hung = false;
  } sink(entered, let_go);
  ConditionWaiter tick_waiter;
  ConditionWaiter send_waiter;
  Agent agent(bench.options, bench.parts(sink, tick_waiter, send_waiter));
  ASSERT_TRUE(agent.open());
  const auto wait_for = [&](const std::string& reason) {
    while (agent.status().reason.find(reason) == std::string::npos || agent.status().ready) {
      tick_waiter.wake();
      std::this_thread::yield();
    }
  };
  agent.tick_once();
  bench.clock.advance(10 * kSecond);
  agent.tick_once();  // now there is something to send
  std::jthread running([&](const std::stop_token& stop) { agent.run(stop); });
  entered.get_future().wait();
  EXPECT_TRUE(agent.status().is_alive) << "one rests until its next tick, the other works";
  bench.clock.advance(21 * kSecond);
  EXPECT_EQ(agent.status().reason,
            "the metering loop is stuck; the service manager restarts the agent");
  EXPECT_FALSE(agent.status().is_alive);
  while (!agent.status().is_alive) tick_waiter.wake();
  bench.clock.advance(601 * kSecond);
  wait_for("the sending loop is stuck");
  let_go.set_value();
  running.request_stop();
  running.join();
  EXPECT_TRUE(agent.status().is_alive) << "they have ended as they should";
}

TEST(AgentTest, AShorterIntervalHoldsAtOnceAndIsNoReasonToBeNotReady) {
  AgentBench bench;
  bench.options.interval_us = 60 * kSecond;
  struct ScriptedWaiter final : LoopWaiter {
    void wait(const std::stop_token&, std::int64_t us_max) override { each(us_max); }
    void wake() override {}
    std::function<void(std::int64_t)> each;
  } ticks;
  ConditionWaiter sends;
  Agent agent(bench.options, bench.parts(bench.sink, ticks, sends));
  ASSERT_TRUE(agent.open());
  std::stop_source stop;
  std::vector<std::int64_t> waits;
  std::vector<std::string> reasons;
  ticks.each = [&](std::int64_t us_max) {
    waits.push_back(us_max / kSecond);
    reasons.push_back(agent.status().reason);
    bench.clock.advance(waits.size() == 1 ? 40 * kSecond : us_max);
    if (waits.size() == 1) agent.set_interval(kSecond);
    if (waits.size() == 4) stop.request_stop();
  };
  agent.run(stop.get_token());
  EXPECT_EQ(waits, (std::vector<std::int64_t>{60, 1, 1, 1}));
  EXPECT_EQ(reasons, std::vector<std::string>(4));
}

TEST(AgentTest, FoldingIsToldWhenItBeginsAndEndsAndNotAgainAfterARestart) {
  AgentBench bench;
  const auto told = [&] {
    return std::pair(bench.events.count("folding_began 7"), bench.events.count("folding_ended 9"));
  };
  bench.run(2);
  EXPECT_EQ(told(), std::pair(std::int64_t{0}, std::int64_t{0}));
  bench.spool.folded.emplace();
  bench.spool.folded->rows = 7;
  bench.spool.folded->going_on_since = bench.clock.now().utc;
  bench.run(3);
  EXPECT_EQ(told(), std::pair(std::int64_t{1}, std::int64_t{0}));
  EXPECT_EQ(bench.agent->status().spool.folded, bench.spool.folded);
  bench.restart();
  bench.run(3);
  EXPECT_EQ(told(), std::pair(std::int64_t{1}, std::int64_t{0}));
  bench.spool.folded->rows = 9;
  bench.spool.folded->going_on_since.reset();
  bench.run(3);
  EXPECT_EQ(told(), std::pair(std::int64_t{1}, std::int64_t{1}));
  EXPECT_EQ(bench.agent->status().spool.folded->rows, 9);
  bench.restart();
  bench.run(3);
  EXPECT_EQ(told(), std::pair(std::int64_t{1}, std::int64_t{1}));
}

TEST(AgentStatusTest, TheLineForTheServiceManagerSaysWhatKeepsReadingsFromBeingSent) {
  AgentStatus status = troubled();
  status.sending.outage->since.us += 250'000;
  EXPECT_EQ(status_line(status),
            "ready, but unreachable since 2026-11-22T10:10:10Z: 7 readings waiting for "
            "http://127.0.0.1:5001, acknowledged 10 min ago, next try 2026-11-22T10:21:05Z: "
            "connect: refused");
  // Who says where it failed names the place once.
  status.sending.outage->detail = "connect to http://127.0.0.1:5001: refused";
  EXPECT_EQ(status_line(status),
            "ready, but unreachable since 2026-11-22T10:10:10Z: 7 readings waiting, acknowledged "
            "10 min ago, next try 2026-11-22T10:21:05Z: connect to http://127.0.0.1:5001: refused");
  status.paused = true;
  EXPECT_EQ(status_line(status),
            "ready, sending paused: 7 readings waiting for http://127.0.0.1:5001, acknowledged 10 "
            "min ago");
  status = {};
  status.reason = "no tick yet";
  EXPECT_EQ(status_line(status), "not ready: no tick yet");
  status.ready = true;
  status.sink = "http://127.0.0.1:5001";
  EXPECT_EQ(status_line(status), "ready: 0 readings waiting for http://127.0.0.1:5001");
  status.spool.waiting = 1;
  EXPECT_EQ(status_line(status), "ready: 1 reading waiting for http://127.0.0.1:5001");
}

}  // namespace
}  // namespace meterbill
