#include "agent/once.h"

#include <gtest/gtest.h>

#include "agent_bench.h"

namespace meterbill {
namespace {

TEST(OnceTest, IsOneReadingOverTheInterval) {
  AgentBench bench;
  const auto once = measure_once(bench.meters, bench.clock, bench.waiter, {}, 2'000'000);
  ASSERT_TRUE(once) << once.error().message;
  EXPECT_EQ(to_text(once.value(), MachineId("web-1"), 60),
            "web-1   2026-11-22 11:00:02 +01:00   slot 11:00–11:15\n"
            "scope                      cpu            memory        share of machine\n"
            "machine                    1.00 core·s    0.58 GiB      25 % of 2 cores\n");
  EXPECT_EQ(to_json(once.value(), MachineId("web-1")),
            R"({"machine_id":"web-1","time":"2026-11-22T10:00:02Z","cpu_usage":25,)"
            R"("memory_usage":61.2,"cores":2,"readings":[{"slot":"2026-11-22T10:00:00Z",)"
            R"("scope":"machine","from_us":"0","to_us":"2000000","metered_us":"2000000",)"
            R"("estimated_us":"0","off_us":"0","used":{"cpu":"1000000","cpu_capacity":"4000000",)"
            R"("memory":"1224000","memory_capacity":"2000000","uptime":"2000000"}}],"faults":[]})");
  EXPECT_EQ(bench.spool.saves, 0);
  EXPECT_EQ(bench.sink.calls, 0);
}

TEST(OnceTest, AcrossABoundaryTheWholeIntervalIsShown) {
  AgentBench bench;
  bench.clock.advance(899'000'000);
  const auto once = measure_once(bench.meters, bench.clock, bench.waiter, {}, 2'000'000);
  ASSERT_TRUE(once);
  EXPECT_EQ(to_string(once.value().reading.slot), "2026-11-22T10:15:00Z");
  EXPECT_EQ(once.value().reading.used.at(MeterName("cpu")), 1'000'000);
  EXPECT_EQ(once.value().reading.cover->metered_us, 2'000'000);
}

TEST(OnceTest, WithoutCountersItSaysWhy) {
  AgentBench bench;
  bench.blind = true;
  const auto once = measure_once(bench.meters, bench.clock, bench.waiter, {}, 2'000'000);
  ASSERT_FALSE(once);
  EXPECT_EQ(once.error().code, Code::kUnavailable);
  EXPECT_EQ(once.error().message, "cpu meter: hidden");
}

}  // namespace
}  // namespace meterbill
