#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>

#include "agent/agent.h"
#include "support/fake_meters.h"
#include "support/fake_sink.h"
#include "support/line_encode.h"
#include "support/manual_clock.h"
#include "support/memory_spool.h"
#include "support/recording_events.h"

namespace meterbill {

/// Waits by letting the manual clock run: an hour passes at once.
class ClockWaiter final : public LoopWaiter {
 public:
  explicit ClockWaiter(ManualClock& clock) : clock_(clock) {}
  void wait(const std::stop_token&, std::int64_t us_max) override { clock_.advance(us_max); }
  void wake() override {}

 private:
  ManualClock& clock_;
};

/// An agent whose world is made of fakes; two cores, a quarter of them busy.
struct AgentBench {
  static constexpr std::int64_t kSecond = 1'000'000;

  AgentBench() { restart(); }

  /// A new process on the same host and spool.
  void restart() {
    agent = std::make_unique<Agent>(options, parts(sink, waiter, waiter));
    const auto opened = agent->open();
    EXPECT_TRUE(opened) << opened.error().message;
  }
  AgentParts parts(Sink& to, LoopWaiter& tick_waiter, LoopWaiter& send_waiter) {
    return {
        .meters = meters,
        .clock = clock,
        .spool = spool,
        .sink = to,
        .events = events,
        .tick_waiter = tick_waiter,
        .send_waiter = send_waiter,
        .encode =
            [this](const MessageFrame& frame, std::span<const Reading> readings, std::int64_t seq) {
              frames.push_back(frame);
              return line_encode(frame, readings, seq, readings_max);
            },
        .random = [this] { return ++random; },
        .how_it_ends = [] { return EndMark::kOperator; }};
  }
  void tick_after(std::int64_t us) {
    clock.advance(us);
    agent->tick_once();
  }
  /// Ticks every ten seconds.
  void run(int ticks) {
    for (int i = 0; i < ticks; ++i) tick_after(10 * kSecond);
  }

  ManualClock clock{
      {.utc = parse_utc("2026-11-22T10:00:00Z").value(), .monotonic_us = 0, .boot_us = 0}};
  FakeMeters meters{[this] {
    HostSample sample;
    sample.cpu = CpuCounter{.busy_us = clock.now().monotonic_us / 2, .cores = 2};
    sample.memory = MemoryGauge{.total_kib = 1'000'000, .used_kib = 612'000};
    if (blind) {
      sample.cpu.reset();
      sample.faults.push_back(fail(Code::kPermission, "cpu meter: hidden"));
    }
    return sample;
  }};
  MemorySpool spool;
  FakeSink sink;
  RecordingEvents events;
  ClockWaiter waiter{clock};
  AgentOptions options{.machine = MachineId("web-1"),
                       .labels = {},
                       .interval_us = 10 * kSecond,
                       .built = parse_utc("2026-01-01T00:00:00Z").value()};
  std::size_t readings_max = 100;
  std::vector<MessageFrame> frames;
  std::uint64_t random = 0;
  bool blind = false;
  std::unique_ptr<Agent> agent;
};

}  // namespace meterbill
