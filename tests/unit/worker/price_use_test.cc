// Prices that were used are remembered in the transaction that uses them, and edited ones noticed.
#include "worker/price_use.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <future>

#include "support/worker_bench.h"

namespace meterbill {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

PriceBook book_of(const char* unit, const char* price, const char* currency = "USD") {
  const MeterName cpu{"cpu"};
  return PriceBook::create({.currency = Currency::parse(currency).value(),
                            .zone = utc_zone(),
                            .quantity_decimals = 9,
                            .versions = {{cpu, find_unit(cpu, unit).value(), BilledScopes::kMachine,
                                          std::nullopt, Price::parse(price).value()}}})
      .value();
}

/// A worker started with other prices on the ledger of `before`.
class Restarted {
 public:
  Restarted(WorkerBench& before, const PriceBook& book)
      : ledger_(before.ledger.state()),
        use(book, [](std::string_view text) { return std::string(text); }),
        worker(
            ledger_, before.clock,
            [&book](const MeterName& meter, Slot slot) { return book.segment_start(meter, slot); },
            book.segments_text(), use, before.events, std::vector<Source*>{&before.kafka}, {}) {
    EXPECT_TRUE(worker.open());
  }

 private:
  MemoryLedger ledger_;

 public:
  PriceUse use;
  Worker worker;
};

std::vector<std::string> used(WorkerBench& bench) {
  std::vector<std::string> names;
  const auto versions = bench.ledger.price_versions().value();
  for (const PriceVersionUse& version : versions)
    if (!version.is_term()) names.push_back(version.meter + " " + version.unit);
  return names;
}

/// What is remembered of all prices together.
std::vector<std::string> terms(WorkerBench& bench) {
  std::vector<std::string> names;
  const auto versions = bench.ledger.price_versions().value();
  for (const PriceVersionUse& version : versions)
    if (version.is_term()) names.push_back(version.unit + " " + version.digest);
  return names;
}

template <class Command>
void operate(WorkerBench& bench, Command command) {
  auto done = std::async(std::launch::async, command);
  while (done.wait_for(std::chrono::milliseconds(1)) != std::future_status::ready)
    ASSERT_TRUE(bench.worker->step());
  ASSERT_TRUE(done.get());
}

TEST(PriceUseTest, APriceIsRememberedInTheCommitThatUsesItOrNotAtAll) {
  WorkerBench bench;
  bench.settle();
  bench.put_http(message_of({}));
  bench.ledger.fail_next(CommitFault::kDiskFull);
  bench.settle();
  EXPECT_THAT(used(bench), IsEmpty());
  bench.clock.advance(1'000'000);
  const std::int64_t before = bench.worker->status().commits;
  bench.settle();
  EXPECT_THAT(used(bench), ElementsAre("cpu core_second"));
  EXPECT_EQ(bench.worker->status().commits, before + 2) << "the empty one, and the batch";
}

TEST(PriceUseTest, AnEditedPriceIsNoticedAtTheNextStart) {
  WorkerBench bench;
  bench.put_kafka(message_of({}));
  bench.settle();
  const PriceBook edited = book_of("core_second", "2");
  const Restarted again(bench, edited);
  EXPECT_THAT(again.use.warnings(),
              ElementsAre(HasSubstr("the price of cpu per core_second since always was edited")));
  const PriceBook same = book_of("core_second", "1");
  EXPECT_THAT(Restarted(bench, same).use.warnings(), IsEmpty());
}

TEST(PriceUseTest, ACurrencyThatIsChangedIsNoticedAtTheNextStart) {
  WorkerBench bench;
  bench.settle();
  EXPECT_THAT(terms(bench), IsEmpty()) << "nothing is priced yet";
  const PriceBook euros = book_of("core_second", "1", "EUR");
  EXPECT_THAT(Restarted(bench, euros).use.warnings(), IsEmpty());
  bench.put_kafka(message_of({}));
  bench.settle();
  EXPECT_THAT(terms(bench), ElementsAre("currency USD with 2 decimals", "quantity_decimals 9",
                                        HasSubstr("time_zone UTC ")));
  for (int start = 0; start < 2; ++start)
    EXPECT_THAT(Restarted(bench, euros).use.warnings(),
                ElementsAre(HasSubstr("currency of the prices was changed from USD with 2 decimals "
                                      "to EUR with 2 decimals after they were used")));
  EXPECT_THAT(Restarted(bench, book_of("core_second", "1")).use.warnings(), IsEmpty());
}

TEST(PriceUseTest, AnOlderLedgerLearnsTheCurrencyAtTheNextStart) {
  WorkerBench bench;
  const PriceBook dollars = book_of("core_second", "1");
  WriteSet older;
  older.prices = {
      use_of(dollars.versions().front(), [](std::string_view text) { return std::string(text); })};
  ASSERT_TRUE(bench.ledger.commit(older, {}));
  const std::int64_t before = bench.ledger.facts().value().commits;
  for (int start = 0; start < 2; ++start) {
    EXPECT_THAT(Restarted(bench, dollars).use.warnings(), IsEmpty());
    EXPECT_EQ(terms(bench).size(), 3U);
  }
  EXPECT_EQ(bench.ledger.facts().value().commits, before + 1) << "remembered once";
  EXPECT_THAT(Restarted(bench, book_of("core_second", "1", "EUR")).use.warnings(),
              ElementsAre(HasSubstr("currency")));
}

TEST(PriceUseTest, APriceThatWasNeverUsedMayBeEdited) {
  WorkerBench bench;
  bench.put_kafka(std::string(R"({"machine_id": "b", "cpu_usage": 1, "memory_usage": 2})"));
  bench.settle();
  const PriceBook edited = book_of("core_second", "2");
  EXPECT_THAT(Restarted(bench, edited).use.warnings(), Not(Contains(HasSubstr("core_second"))));
}

TEST(PriceUseTest, AVersionThatTakesOverWhatIsTotalledIsRememberedAtTheStart) {
  WorkerBench bench;
  bench.put_kafka(message_of({}));
  bench.settle();
  const PriceBook seconds = book_of("core_second", "1");
  EXPECT_THAT(Restarted(bench, seconds).use.warnings(), IsEmpty());
  const PriceBook hours = book_of("core_hour", "3600");
  EXPECT_THAT(Restarted(bench, hours).use.warnings(), ElementsAre(HasSubstr("removed")));
  EXPECT_THAT(used(bench), ElementsAre("cpu core_hour", "cpu core_second"));
  const PriceBook edited = book_of("core_hour", "7200");
  EXPECT_THAT(Restarted(bench, edited).use.warnings(),
              ElementsAre(HasSubstr("core_hour since always was edited"), HasSubstr("removed")));
}

TEST(PriceUseTest, TotalsThatAreSummedAnewAreToldOfAtTheStart) {
  WorkerBench bench;
  bench.put_kafka(message_of({}));
  bench.settle();
  StartProgress progress;
  ASSERT_TRUE(bench.worker->open(&progress));
  EXPECT_EQ(progress.line(), "starting: reading the ledger");
  MemoryLedger ledger(bench.ledger.state());
  const PriceBook hours = book_of("core_hour", "3600");
  PriceUse use(hours, [](std::string_view text) { return std::string(text); });
  Worker worker(
      ledger, bench.clock,
      [&hours](const MeterName& meter, Slot slot) { return hours.segment_start(meter, slot); },
      hours.segments_text(), use, bench.events, std::vector<Source*>{&bench.kafka}, {});
  ASSERT_TRUE(worker.open(&progress));
  EXPECT_EQ(progress.line(), "starting: storing totals");
}

TEST(PriceUseTest, WhatAnOperatorReleasesUsesItsPrice) {
  WorkerBench bench;
  ReadingSpec ahead;
  ahead.slot = "2026-11-22T10:45:00Z";
  bench.put_http(message_of(ahead));
  bench.settle();
  ASSERT_THAT(used(bench), IsEmpty());
  const std::int64_t id = bench.ledger.quarantine(0, 1).value().front().id;
  operate(bench, [&] { return bench.worker->release(id); });
  EXPECT_THAT(used(bench), ElementsAre("cpu core_second"));
}

TEST(PriceUseTest, WhatAnOperatorDecidesUsesItsPrice) {
  WorkerBench bench;
  ReadingSpec one;
  one.seconds = 900;
  ReadingSpec two = one;
  two.epoch = "00000000000000000000000000000002";
  two.boot = "boot-b";
  bench.put_http(message_of(one));
  bench.put_http(message_of(two));
  bench.settle();
  ASSERT_THAT(used(bench), IsEmpty()) << "both are held";
  operate(bench, [&] {
    return bench.worker->resolve(MachineId{"web-1"}, BootId{}, Decision::kSum, MachineId{});
  });
  EXPECT_THAT(used(bench), ElementsAre("cpu core_second"));
}

TEST(SampleCostTest, IsOfThePricesOfTheSampleWhateverWasHeardOfItsMachineSince) {
  WorkerBench bench;
  bench.put_kafka(std::string(R"({"machine_id": "web-1", "cpu_usage": 10, "memory_usage": 0})"));
  bench.settle();
  bench.clock.advance(24 * 3'600'000'000);
  Delivery event;
  event.headers = {{"content-type", "application/cloudevents+json"}};
  event.recorded = bench.clock.now().utc;
  event.value = R"({"specversion":"1.0","type":"io.meterbill.usage.v1","source":"app","id":"1",)"
                R"("time":"2026-11-23T10:00:00Z","subject":"web-1","data":{"scope":"machine",)"
                R"("meter":"pages","quantity":"1","unit":"unit"}})";
  bench.http.put(event);
  bench.settle();
  ASSERT_THAT(bench.reasons(), IsEmpty());
  PriceBook::Definition parts{.currency = bench.book.currency(),
                              .zone = utc_zone(),
                              .quantity_decimals = 9,
                              .versions = bench.book.versions()};
  const auto of_samples =
      std::ranges::find(parts.versions, MeterName{"cpu_usage"}, &PriceVersion::meter);
  ASSERT_NE(of_samples, parts.versions.end());
  parts.versions.emplace_back(*of_samples);
  parts.versions.back().from = Slot::parse("2026-11-23T00:00:00Z").value();
  parts.versions.back().price = Price::parse("7").value();
  const PriceBook dearer = PriceBook::create(std::move(parts)).value();
  const auto cost = Queries(dearer, {"test", "digest"})
                        .cost(bench.ledger, MachineId{"web-1"}, bench.clock.now().utc);
  ASSERT_TRUE(cost) << cost.error().message;
  EXPECT_EQ(to_string(cost.value().sample_cost.value()), "0.5");
}

}  // namespace
}  // namespace meterbill
