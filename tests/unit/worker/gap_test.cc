// Records that expired before they were read: in the ledger with the position that passes them.
#include <gmock/gmock.h>

#include "support/worker_bench.h"

namespace meterbill {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::int64_t kSecond = 1'000'000;

class GapTest : public testing::Test {
 protected:
  /// Two records read at 10:20, then five expire.
  GapTest() {
    sample();
    sample();
    bench_.settle();
    bench_.clock.advance(600 * kSecond);
  }
  void sample() {
    bench_.put_kafka(R"({"machine_id": "Machine_B", "cpu_usage": 12.3, "memory_usage": 61.2})");
  }
  /// As the ledger has it, detected now.
  Gap kept(std::int64_t from, std::int64_t to) {
    return {.source = bench_.kafka.name(),
            .partition = 0,
            .incarnation = 1,
            .from = from,
            .to = to,
            .after = parse_utc("2026-11-22T10:20:00Z").value(),
            .detected = bench_.clock.now().utc};
  }
  PartitionPosition position() {
    return bench_.ledger.positions().value().at(bench_.kafka.name()).at(0);
  }

  const Gap found_{.partition = 0, .from = 2, .to = 6};
  WorkerBench bench_;
};

TEST_F(GapTest, IsPassedAtOnceEvenIfNothingComesBehindIt) {
  const PartitionPosition before = position();
  bench_.kafka.expire(found_);
  bench_.settle();
  EXPECT_THAT(bench_.ledger.gaps().value(), ElementsAre(kept(2, 6)));
  EXPECT_EQ(position().next_offset, 7);
  EXPECT_EQ(position().anchor, before.anchor) << "nothing new was read";
  EXPECT_THAT(bench_.events.gaps, ElementsAre(kept(2, 6)));
  bench_.settle();
  EXPECT_THAT(bench_.events.gaps, ElementsAre(kept(2, 6))) << "told once";
}

TEST_F(GapTest, IsPassedWithTheRecordsAroundIt) {
  sample();
  bench_.kafka.expire({.partition = 0, .from = 3, .to = 6});
  for (int skipped = 0; skipped < 4; ++skipped) bench_.kafka.skip();
  sample();
  bench_.settle();
  Gap expected = kept(3, 6);
  expected.after = bench_.clock.now().utc;
  EXPECT_THAT(bench_.ledger.gaps().value(), ElementsAre(expected));
  EXPECT_EQ(position().next_offset, 8);
  EXPECT_EQ(position().anchor->offset, 7);
}

TEST_F(GapTest, OutlivesTheWorkerAndIsNotToldAgain) {
  bench_.kafka.expire(found_);
  bench_.settle();
  const auto kept_before = bench_.ledger.gaps().value();
  bench_.events.gaps.clear();
  bench_.restart();
  bench_.settle();
  EXPECT_THAT(bench_.events.gaps, IsEmpty());
  EXPECT_EQ(bench_.ledger.gaps().value(), kept_before);
  EXPECT_EQ(bench_.worker->status().sources.at(1).expired,
            (std::map<std::int32_t, std::int64_t>{{0, 5}}));
  EXPECT_THAT(
      bench_.get("/api/v1/status"),
      HasSubstr(R"("gaps":{"count":1,"records":5,"newest":[{"source":)"
                R"("kafka:test/resource_usage","partition":0,"incarnation":1,"from":2,)"
                R"("to":6,"records":5,"after":"2026-11-22T10:20:00Z",)"
                R"("detected":"2026-11-22T10:30:00Z","text":"records 2 to 6 of partition 0 )"
                R"(expired unread.)"));
}

TEST_F(GapTest, OfACommitThatFailedIsNeitherKeptNorTold) {
  bench_.kafka.expire(found_);
  bench_.ledger.fail_next(CommitFault::kDiskFull);
  static_cast<void>(bench_.worker->step());
  EXPECT_THAT(bench_.ledger.gaps().value(), IsEmpty());
  EXPECT_EQ(position().next_offset, 2);
  EXPECT_THAT(bench_.events.gaps, IsEmpty());
  bench_.clock.advance(10 * kSecond);
  bench_.settle();
  EXPECT_THAT(bench_.ledger.gaps().value(), ElementsAre(kept(2, 6)));
  EXPECT_THAT(bench_.events.gaps, ElementsAre(kept(2, 6)));
}

TEST_F(GapTest, MarksTheStatementsOfTheTimeItMayTouch) {
  bench_.kafka.expire(found_);
  bench_.settle();
  const auto gaps_of = [this](const char* text) {
    const Period period = parse_period(text, bench_.book.zone(), bench_.clock.now().utc).value();
    return bench_.queries
        .statement(bench_.ledger, period, std::nullopt, bench_.clock.now().utc, LinesFrom::kTotals,
                   {})
        .value()
        .facts.gaps;
  };
  EXPECT_THAT(gaps_of("2026-11"), ElementsAre(kept(2, 6)));
  EXPECT_THAT(gaps_of("2026-10"), IsEmpty());
  EXPECT_THAT(gaps_of("2026-12"), IsEmpty());
}

TEST_F(GapTest, AWorkerThatStandsStillReadsNoPartition) {
  bench_.kafka.partitions = {{0, PartitionState::kRunning, ""},
                             {1, PartitionState::kHalted, "made anew"},
                             {2, PartitionState::kGap, "records 2 to 6"}};
  bench_.settle();
  const auto states = [this] {
    std::vector<std::string> names;
    for (const WorkerSourceStatus& source : bench_.worker->status().sources)
      for (const PartitionStatus& partition : source.state.partitions)
        names.emplace_back(to_string(partition.state));
    return names;
  };
  EXPECT_THAT(states(), ElementsAre("running", "halted", "gap"));
  bench_.clock.advance(60 * kSecond);
  EXPECT_THAT(states(), ElementsAre("waiting", "halted", "waiting"));
}

}  // namespace
}  // namespace meterbill
