// A running worker is given another price book.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>

#include "ports/current_app.h"
#include "report/statement_report.h"
#include "support/worker_bench.h"

namespace meterbill {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// cpu per core-second: `first`, and `second` from 10:15 on, if there is one.
PriceBook book_of(const char* first, const char* second = nullptr) {
  const MeterName cpu{"cpu"};
  const Unit unit = find_unit(cpu, "core_second").value();
  std::vector<PriceVersion> versions{
      {cpu, unit, BilledScopes::kMachine, std::nullopt, Price::parse(first).value()}};
  if (second != nullptr)
    versions.push_back({cpu, unit, BilledScopes::kMachine,
                        Slot::parse("2026-11-22T10:15:00Z").value(), Price::parse(second).value()});
  return PriceBook::create({.currency = Currency::parse("USD").value(),
                            .zone = utc_zone(),
                            .quantity_decimals = 9,
                            .versions = std::move(versions)})
      .value();
}

class ChangePricesTest : public testing::Test {
 protected:
  ChangePricesTest() {
    put("2026-11-22T10:00:00Z", 10);
    put("2026-11-22T10:15:00Z", 20);
  }
  void put(const char* slot, std::int64_t cpu_s) {
    ReadingSpec spec;
    spec.slot = slot;
    spec.from_s = std::string(slot) == "2026-11-22T10:00:00Z" ? 100 : 1'000;
    spec.cpu_s = cpu_s;
    bench_.put_http(message_of(spec));
    bench_.settle();
  }
  Result<void> change_to(const PriceBook& book) {
    in_use_ = 0;
    auto done = std::async(std::launch::async, [&] {
      return bench_.worker->change_prices(
          {book,
           [&book](const MeterName& meter, Slot slot) { return book.segment_start(meter, slot); },
           book.segments_text()},
          [this] { ++in_use_; });
    });
    while (done.wait_for(std::chrono::microseconds(50)) != std::future_status::ready)
      EXPECT_TRUE(bench_.worker->step() || may_end_);
    return done.get();
  }
  std::string cost_at(const PriceBook& book, LinesFrom from) {
    const Queries queries(book, {"test", "digest"});
    const UtcTime now = bench_.clock.now().utc;
    const Period month = parse_period("2026-11", *utc_zone(), now).value();
    const auto statement =
        queries.statement(bench_.ledger, month, std::nullopt, now, from, {}).value();
    return to_string(statement.machines.front().exact_total);
  }
  std::string digest() { return bench_.ledger.facts().value().segments_digest; }

  WorkerBench bench_;
  int in_use_ = 0;
  bool may_end_ = false;
};

TEST_F(ChangePricesTest, TheTotalsFollowASegmentThatBeginsNow) {
  ASSERT_EQ(cost_at(bench_.book, LinesFrom::kTotals), "30");
  const PriceBook book = book_of("1", "5");
  ASSERT_TRUE(change_to(book));
  EXPECT_EQ(in_use_, 1);
  EXPECT_EQ(digest(), book.segments_text());
  EXPECT_EQ(bench_.events.rebuilt, 1);
  for (const LinesFrom from : {LinesFrom::kTotals, LinesFrom::kSlots})
    EXPECT_EQ(cost_at(book, from), "110");
  put("2026-11-22T10:15:00Z", 21);
  for (const LinesFrom from : {LinesFrom::kTotals, LinesFrom::kSlots})
    EXPECT_EQ(cost_at(book, from), "115") << "what comes later is booked under the new ones";
}

TEST_F(ChangePricesTest, AnotherAmountLeavesTheTotalsAndIsNamedWhereItWasUsed) {
  const PriceBook book = book_of("2");
  // Of the prototype's meters nothing is left in it, so the segments differ; once they do not:
  ASSERT_TRUE(change_to(book));
  const int rebuilt = bench_.events.rebuilt;
  const PriceBook dearer = book_of("3");
  ASSERT_TRUE(change_to(dearer));
  EXPECT_EQ(bench_.events.rebuilt, rebuilt);
  EXPECT_EQ(cost_at(dearer, LinesFrom::kTotals), "90");
  EXPECT_THAT(bench_.price_use.warnings(), ElementsAre(HasSubstr("was edited")));
  const PriceBook back = book_of("1");
  ASSERT_TRUE(change_to(back));
  EXPECT_THAT(bench_.price_use.warnings(), IsEmpty());
}

TEST_F(ChangePricesTest, WhatCannotBeStoredLeavesThoseFromBefore) {
  const PriceBook book = book_of("1", "5");
  const std::string before = digest();
  bench_.ledger.fail_next(CommitFault::kDiskFull);
  const auto changed = change_to(book);
  ASSERT_FALSE(changed);
  EXPECT_EQ(changed.error().code, Code::kDiskFull);
  EXPECT_EQ(in_use_, 0);
  EXPECT_EQ(digest(), before);
  put("2026-11-22T10:15:00Z", 21);
  for (const LinesFrom from : {LinesFrom::kTotals, LinesFrom::kSlots})
    EXPECT_EQ(cost_at(bench_.book, from), "31");
  EXPECT_TRUE(change_to(book));
  EXPECT_EQ(cost_at(book, LinesFrom::kTotals), "115");
}

TEST_F(ChangePricesTest, AFailureBehindTheTransactionEndsAWorkerThatNoLongerFitsItsLedger) {
  const PriceBook book = book_of("1", "5");
  bench_.ledger.fail_next(CommitFault::kUnknownApplied);
  may_end_ = true;
  const auto changed = change_to(book);
  ASSERT_FALSE(changed);
  EXPECT_EQ(in_use_, 0);
  ASSERT_EQ(digest(), book.segments_text());
  EXPECT_FALSE(bench_.worker->step()) << "its next batch would be booked under the old segments";
}

TEST_F(ChangePricesTest, WhoStillAnswersWithTheOldOnesAsksToComeAgain) {
  LedgerApiParts parts = bench_.api_parts(bench_.ledger);
  parts.segments_digest = bench_.book.segments_text();
  const auto ask = [&parts] {
    Router router(ledger_routes(parts));
    WebRequest request;
    request.method = "GET";
    request.path = "/api/v1/bill";
    WebResponse answer;
    router.handle(request, [&](WebResponse response) { answer = std::move(response); });
    return answer.status;
  };
  EXPECT_EQ(ask(), 200U);
  const PriceBook book = book_of("1", "5");
  ASSERT_TRUE(change_to(book));
  EXPECT_EQ(ask(), 503U);
  const Queries queries(book, {"test", "digest"});
  LedgerApiParts anew{.queries = queries,
                      .clock = parts.clock,
                      .version = parts.version,
                      .sha256_hex = parts.sha256_hex,
                      .ask = parts.ask,
                      .status = parts.status,
                      .warnings = parts.warnings,
                      .segments_digest = book.segments_text()};
  Router router(ledger_routes(anew));
  WebRequest request;
  request.method = "GET";
  request.path = "/api/v1/bill";
  router.handle(request, [](const WebResponse& response) { EXPECT_EQ(response.status, 200U); });
}

TEST(CurrentAppTest, AnAppStaysUntilItsLastRequestIsAnswered) {
  struct App final : WebApp {
    App(int& alive_apps, std::vector<Respond>& open) : alive(alive_apps), waiting(open) { ++alive; }
    ~App() override { --alive; }
    void handle(WebRequest, Respond respond) override { waiting.push_back(std::move(respond)); }
    int& alive;
    std::vector<Respond>& waiting;
  };
  int alive = 0;
  int answered = 0;
  std::vector<Respond> first;
  std::vector<Respond> second;
  CurrentApp app(std::make_shared<App>(alive, first));
  app.handle({}, [&](const WebResponse&) { ++answered; });
  app.replace(std::make_shared<App>(alive, second));
  EXPECT_EQ(alive, 2);
  app.handle({}, [&](const WebResponse&) { ++answered; });
  EXPECT_EQ(second.size(), 1U);
  first.front()({});
  first.clear();
  EXPECT_EQ(alive, 1);
  second.front()({});
  EXPECT_EQ(answered, 2);
}

}  // namespace
}  // namespace meterbill
