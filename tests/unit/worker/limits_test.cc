// What one delivery can cost, what takes the room of an epoch, and what no operator's word lets in.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <limits>
#include <set>

#include "support/worker_bench.h"
#include "worker/batch.h"

namespace meterbill {
namespace {

using testing::Contains;
using testing::Each;
using testing::ElementsAre;

std::string epoch(int number) {
  const std::string digits = std::to_string(number);
  return std::string(32 - digits.size(), '0') + digits;
}

/// The largest record of nothing but bad readings.
Delivery bad_readings(UtcTime recorded) {
  Delivery delivery;
  delivery.value =
      R"({"machine_id":"web-1","epoch":")" + epoch(1) + R"(","boot_id":"b","readings":[0)";
  while (delivery.value.size() + 4 <= kValueBytesMax) delivery.value += ",0";
  delivery.value += "]}";
  delivery.recorded = recorded;
  return delivery;
}

/// As an operator's thread would, while the worker steps.
Result<void> release(WorkerBench& bench, std::int64_t id) {
  auto done = std::async(std::launch::async, [&] { return bench.worker->release(id); });
  while (done.wait_for(std::chrono::milliseconds(1)) != std::future_status::ready)
    EXPECT_TRUE(bench.worker->step());
  return done.get();
}

std::int64_t newest_quarantined(WorkerBench& bench) {
  return bench.ledger.quarantine(0, 1).value().at(0).id;
}

TEST(LimitsTest, TheReadingsOfAMessagePastTheLimitAreOneItem) {
  WorkerBench bench;
  bench.kafka.put(bad_readings(bench.clock.now().utc));
  bench.settle();
  EXPECT_EQ(bench.counts(), (Counts{0, 0, 1'001}));
  const QuarantineItem rest = bench.ledger.quarantine(0, 1).value().at(0);
  EXPECT_EQ(rest.rejection.reason, Reason::kTooMany);
  EXPECT_EQ(rest.ordinal, 1'000);
  EXPECT_FALSE(release(bench, rest.id));
}

TEST(LimitsTest, RefusedItemsShareTheirDelivery) {
  WorkerBench bench;
  bench.settle();
  std::vector<SourceBatch> batches(1);
  batches[0].source = "http";
  batches[0].route = Route::kHttp;
  for (int i = 0; i < 2; ++i)
    batches[0].arrivals.push_back({bad_readings(bench.clock.now().utc), {0, i}, i});
  LedgerMemory memory(Dictionary{});
  const SegmentOf segment_of = [](const MeterName&, Slot slot) { return slot; };
  Batch batch(bench.ledger, memory, segment_of, bench.clock.now().utc);
  ASSERT_TRUE(batch.apply(batches, read_items(batches, bench.clock.now().utc, std::nullopt)));
  ASSERT_EQ(batch.write().quarantine.size(), 2'002U);
  std::set<const Delivery*> deliveries;
  for (const QuarantineItem& item : batch.write().quarantine)
    deliveries.insert(item.delivery.get());
  EXPECT_EQ(deliveries.size(), 2U);
}

std::string usage_of_64_epochs(bool sample_first) {
  WorkerBench bench;
  const std::string sample = R"({"machine_id": "web-1", "cpu_usage": 12.3, "memory_usage": 61.2})";
  if (sample_first) bench.put_kafka(sample);
  bench.settle();  // a batch of its own: within one, samples come last
  for (int i = 1; i <= 64; ++i) {
    ReadingSpec spec;
    spec.epoch = epoch(i);
    spec.from_s = 1'000 + i * 10;
    spec.seconds = 5;
    spec.cpu_s = 1;
    bench.put_kafka(message_of(spec));
  }
  if (!sample_first) bench.put_kafka(sample);
  bench.settle();
  EXPECT_EQ(bench.counts(), (Counts{65, 0, 0}));
  ReadingSpec one_more;
  one_more.epoch = epoch(65);
  bench.put_kafka(message_of(one_more));
  bench.settle();
  EXPECT_THAT(bench.reasons(), ElementsAre("too_many"));
  return bench.usage_csv();
}

TEST(LimitsTest, ASampleDoesNotTakeTheRoomOfAnEpoch) {
  EXPECT_EQ(usage_of_64_epochs(true), usage_of_64_epochs(false));
}

TEST(LimitsTest, ASlotOutsideOfTheCalendarIsNoneEvenWhenReleased) {
  WorkerBench bench;
  for (const char* slot :
       {"1999-12-31T23:45:00Z", "2200-01-01T00:00:00Z", "1969-12-31T00:00:00Z"}) {
    ReadingSpec spec;
    spec.slot = slot;
    bench.put_kafka(message_of(spec));
  }
  for (const std::int64_t us :
       {std::int64_t{-1'000}, std::int64_t{7'258'118'400'000'000},
        std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()}) {
    Delivery sample;
    sample.value = R"({"machine_id": "web-1", "cpu_usage": 12.3, "memory_usage": 61.2})";
    sample.recorded = {us};
    bench.kafka.put(sample);
  }
  bench.settle();
  EXPECT_THAT(bench.reasons(), Each(std::string("bad_slot")));
  EXPECT_EQ(bench.counts(), (Counts{0, 0, 7}));
  for (std::int64_t id = 1; id <= 7; ++id) EXPECT_FALSE(release(bench, id)) << id;
  ReadingSpec old;
  old.slot = "2000-01-01T00:00:00Z";
  bench.put_kafka(message_of(old));
  bench.settle();
  EXPECT_THAT(bench.reasons(), Contains("too_old"));
  EXPECT_TRUE(release(bench, newest_quarantined(bench)));
  EXPECT_EQ(bench.usage_csv(), "") << "it is of another month";
}

TEST(LimitsTest, NoWordMakesRoomForANumberThatSumsDoNotFit) {
  WorkerBench bench;
  ReadingSpec spec;
  spec.cpu_s = (std::int64_t{1} << 53) / 1'000'000;
  bench.put_kafka(message_of(spec));
  bench.settle();
  EXPECT_THAT(bench.reasons(), ElementsAre("implausible"));
  EXPECT_TRUE(release(bench, newest_quarantined(bench))) << "more core time than there was";
  spec.cpu_s = std::numeric_limits<std::int64_t>::max() / 1'000'000;
  bench.put_kafka(message_of(spec));
  bench.settle();
  EXPECT_THAT(bench.reasons(), ElementsAre("implausible", "implausible"));
  EXPECT_FALSE(release(bench, newest_quarantined(bench)));
}

TEST(LimitsTest, ARecordTimeOfTheFutureIsSeenNow) {
  WorkerBench bench;
  const UtcTime now = bench.clock.now().utc;
  const OutgoingMessage message = message_of({});
  bench.kafka.put({message.key, message.value, false, message.headers, {now.us + 3'600'000'000}});
  bench.settle();
  const auto machines = bench.ledger.machines().value();
  ASSERT_EQ(machines.size(), 1U);
  EXPECT_EQ(machines.begin()->second.seen.at, now);
  // Else the percentages of an hour would stand behind those of now.
  ReadingSpec next{.seconds = 61, .cpu_percent = "99"};
  bench.clock.advance(1'000'000);
  bench.put_kafka(message_of(next));
  bench.settle();
  EXPECT_EQ(bench.ledger.machines().value().begin()->second.seen.cpu_usage_percent, "99");
}

}  // namespace
}  // namespace meterbill
