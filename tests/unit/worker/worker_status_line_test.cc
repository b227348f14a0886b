#include "worker/worker_status_line.h"

#include <gtest/gtest.h>

namespace meterbill {
namespace {

UtcTime at(const char* text) { return parse_utc(text).value(); }

WorkerStatus ready() {
  WorkerStatus status;
  status.ready = true;
  status.machines = 214;
  status.last_commit = at("2026-11-22T10:15:00Z");
  WorkerSourceStatus http;
  http.name = "http";
  http.read_per_s = 3;
  WorkerSourceStatus kafka;
  kafka.name = "kafka";
  kafka.read_per_s = 412;
  kafka.state.partitions = {{0, PartitionState::kRunning, "", 100, 107},
                            {1, PartitionState::kRunning, "", 5, -1},
                            {2, PartitionState::kHalted, "made anew", 10, 20}};
  status.sources = {http, kafka};
  return status;
}

TEST(WorkerStatusLineTest, SaysLagRateMachinesAndTheLastCommit) {
  EXPECT_EQ(status_line(ready(), at("2026-11-22T10:15:59Z")),
            "ready: http 3 items a second; kafka 2/3 partitions, lag 17, 412 items a second; 214 "
            "machines, last commit less than a minute ago");
  EXPECT_TRUE(status_line(ready(), at("2026-11-22T11:16:01Z"))
                  .ends_with("machines, last commit 61 min ago"));
}

TEST(WorkerStatusLineTest, SaysWhyItIsNotReady) {
  WorkerStatus status = ready();
  status.ready = false;
  status.reason = "kafka: broker kafka-1:9092 unreachable";
  EXPECT_EQ(status_line(status, at("2026-11-22T10:15:59Z")),
            "not ready: kafka: broker kafka-1:9092 unreachable");
}

TEST(WorkerStatusLineTest, ANewLedgerHasNoCommit) {
  WorkerStatus status;
  status.ready = true;
  status.machines = 1;
  EXPECT_EQ(status_line(status, at("2026-11-22T10:15:59Z")), "ready: 1 machine, no commit yet");
}

}  // namespace
}  // namespace meterbill
