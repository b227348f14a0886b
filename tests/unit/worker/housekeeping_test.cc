// Housekeeping comes whatever the load, and what it forgot is known at once.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "adapters/sqlite/sqlite_ledger.h"
#include "support/temp_dir.h"
#include "support/worker_bench.h"

namespace meterbill {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr std::int64_t kDayUs = std::int64_t{86'400} * 1'000'000;

/// A readings message of 20 scopes.
OutgoingMessage wide_message(int machine) {
  ReadingSpec spec;
  spec.machine = fmt::format("m{}", machine);
  for (int scope = 1; scope < 20; ++scope)
    spec.scopes_cpu_s.emplace_back(fmt::format("service:unit-{}.service", scope), 1);
  return message_of(spec);
}

TEST(HousekeepingTest, TheWriteAheadLogStaysShortUnderLoadThatNeverPauses) {
  const TempDir folder;
  const auto path = folder.path() / "ledger.db";
  WorkerBench bench;  // for its book and clock
  auto ledger = SqliteLedger::open(path.string(), {}, bench.clock).value();
  ScriptedSource kafka{"kafka:test/load", Route::kKafka};
  Worker worker(
      *ledger, bench.clock,
      [&](const MeterName& meter, Slot slot) { return bench.book.segment_start(meter, slot); },
      bench.book.segments_text(), bench.price_use, bench.events, std::vector<Source*>{&kafka}, {});
  ASSERT_TRUE(worker.open());
  std::uintmax_t longest = 0;
  for (int round = 0; round < 100; ++round) {
    for (int i = 0; i < 25; ++i) {
      const OutgoingMessage message = wide_message(round * 25 + i);
      kafka.put({message.key, message.value, false, message.headers, bench.clock.now().utc});
    }
    ASSERT_TRUE(worker.step().value());
    longest = std::max(longest, std::filesystem::file_size(path.string() + "-wal"));
  }
  EXPECT_EQ(worker.status().sources[0].counts.applied, 100 * 25 * 20);
  EXPECT_LT(longest, 6U << 20) << "4 MiB and one batch";
}

TEST(HousekeepingTest, AnEventWhoseIdWasForgottenIsNotTakenForNew) {
  WorkerBench bench;
  const auto put = [&] {
    Delivery delivery;
    delivery.value =
        R"({"specversion":"1.0","type":"io.meterbill.usage.v1","source":"app","id":"1",)"
        R"("subject":"web-1","data":{"scope":"machine","meter":"cpu","quantity":"10",)"
        R"("unit":"core_second","time":"2026-11-22T10:00:00Z"}})";
    delivery.headers = {{"content-type", "application/cloudevents+json"}};
    delivery.recorded = bench.clock.now().utc;
    bench.http.put(std::move(delivery));
  };
  put();
  bench.settle();
  ASSERT_EQ(bench.counts(), (Counts{1, 0, 0}));
  bench.clock.advance(40 * kDayUs);
  bench.settle();
  ASSERT_TRUE(bench.ledger.facts().value().ids_forgotten_before);
  put();
  bench.settle();
  EXPECT_EQ(bench.counts(), (Counts{1, 0, 1}));
  EXPECT_THAT(bench.reasons(), ElementsAre("too_old"));
  EXPECT_THAT(bench.usage_csv(), Not(HasSubstr("20000000")));
}

TEST(HousekeepingTest, AFullDiskDuringItIsWaitedOut) {
  WorkerBench bench;
  bench.settle();
  bench.ledger.fail_next(CommitFault::kDiskFull);
  bench.clock.advance(5'000'000);
  bench.settle();
  EXPECT_THAT(bench.worker->status().reason, HasSubstr("free space"));
  bench.clock.advance(1'000'000);
  bench.settle();
  EXPECT_TRUE(bench.worker->status().ready);
}

}  // namespace
}  // namespace meterbill
