// What loses or doubles money where deltas are added up does nothing where the greatest is kept.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "support/worker_bench.h"

namespace meterbill {
namespace {

/// A slot as its agent reports it: a minute more each time, 10 s of cpu in each.
std::vector<ReadingSpec> growing() {
  std::vector<ReadingSpec> specs;
  for (std::int64_t minute = 1; minute <= 10; ++minute) {
    ReadingSpec spec;
    spec.seconds = 60 * minute;
    spec.cpu_s = 10 * minute;
    specs.push_back(spec);
  }
  return specs;
}

/// In one transaction, or in one each.
void deliver(WorkerBench& bench, const std::vector<ReadingSpec>& specs, bool one_by_one) {
  for (const ReadingSpec& spec : specs) {
    bench.put_kafka(message_of(spec));
    if (one_by_one) bench.settle();
  }
  bench.settle();
}

TEST(MergedHazardsTest, NewestFirstIsBilledAsOldestFirst) {
  for (const bool one_by_one : {false, true}) {
    WorkerBench forward;
    deliver(forward, growing(), one_by_one);
    std::vector<ReadingSpec> reversed = growing();
    std::ranges::reverse(reversed);
    WorkerBench backward;
    deliver(backward, reversed, one_by_one);
    EXPECT_EQ(backward.cost("web-1"), "100");
    EXPECT_EQ(backward.cost("web-1"), forward.cost("web-1"));
    EXPECT_EQ(backward.usage_csv(), forward.usage_csv());
    EXPECT_EQ(backward.counts().read(), 10);
    EXPECT_EQ(backward.counts().quarantined, 0);
  }
}

TEST(MergedHazardsTest, AMessageLostInTheMiddleIsMadeGoodByTheNext) {
  for (std::size_t lost = 0; lost + 1 < growing().size(); ++lost) {
    std::vector<ReadingSpec> specs = growing();
    specs.erase(specs.begin() + static_cast<std::ptrdiff_t>(lost));
    WorkerBench bench;
    deliver(bench, specs, true);
    EXPECT_EQ(bench.cost("web-1"), "100") << lost;
  }
}

TEST(MergedHazardsTest, OneIdWithTwoContentsIsBilledAsTheGreaterWhicheverComesFirst) {
  ReadingSpec less;
  ReadingSpec more;
  more.cpu_s = 11;
  ASSERT_EQ(message_of(less).headers, message_of(more).headers);  // ce_id among them
  ASSERT_NE(message_of(less).value, message_of(more).value);
  for (const auto& order : {std::vector{less, more}, std::vector{more, less}})
    for (const bool one_by_one : {false, true}) {
      WorkerBench bench;
      deliver(bench, order, one_by_one);
      EXPECT_EQ(bench.cost("web-1"), "11");
    }
}

TEST(MergedHazardsTest, ACounterThatBeginsAgainWithinAnEpochBillsNothingTwiceAndNothingNegative) {
  std::vector<ReadingSpec> specs = growing();
  specs.back().cpu_s = 3;  // it fell from 90 s, while the time went on
  for (const bool one_by_one : {false, true}) {
    WorkerBench bench;
    deliver(bench, specs, one_by_one);
    EXPECT_EQ(bench.cost("web-1"), "90");
    EXPECT_EQ(bench.counts().quarantined, 0);
    EXPECT_EQ(bench.held(), WorkerBench().held());
  }
}

TEST(MergedHazardsTest, AMachineThatComesByTwoPartitionsIsBilledOnce) {
  WorkerBench bench;
  std::int32_t partition = 0;
  for (const ReadingSpec& spec : growing()) {
    const OutgoingMessage message = message_of(spec);
    for (int time = 0; time < 2; ++time)
      bench.kafka.put({message.key, message.value, false, message.headers, bench.clock.now().utc},
                      partition++ % 2);
    bench.settle();
  }
  EXPECT_EQ(bench.cost("web-1"), "100");
  EXPECT_EQ(bench.counts().read(), 20);
}

}  // namespace
}  // namespace meterbill
