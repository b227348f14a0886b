#include "worker/stopped_worker.h"

#include <gmock/gmock.h>

#include "support/worker_bench.h"
#include "worker/worker_api.h"

namespace meterbill {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string plain_digest(std::string_view text) { return std::string(text); }

WebRequest get(const std::string& path,
               std::multimap<std::string, std::string, std::less<>> query) {
  WebRequest request;
  request.method = "GET";
  request.path = path;
  request.query = std::move(query);
  return request;
}

/// A worker's ledger with a reading, a sample, a conflict and a quarantined item, asked while the
/// worker runs and when it is stopped.
class StoppedWorkerTest : public testing::Test {
 protected:
  StoppedWorkerTest() {
    bench_.put_http(message_of({.machine = "web-1"}));
    bench_.put_http(message_of({.machine = "web-2", .labels = {{"site", "lab"}}}));
    bench_.put_http(message_of(
        {.machine = "web-2", .epoch = std::string(32, '2'), .boot = "boot-b", .seconds = 890}));
    bench_.put_http(message_of(
        {.machine = "web-2", .epoch = std::string(32, '3'), .boot = "boot-c", .seconds = 890}));
    bench_.put_kafka(R"({"machine_id": "Machine_B", "cpu_usage": 12.3, "memory_usage": 61.2})");
    bench_.put_kafka("nonsense");
    bench_.settle();
  }

  WebResponse running(const WebRequest& request) {
    HttpSource http;
    EventsEndpoint events(bench_.clock, http);
    Backup backup(bench_.ledger, *bench_.worker, bench_.clock, bench_.events);
    Router router(worker_routes({.worker = *bench_.worker,
                                 .backup = backup,
                                 .ledger = bench_.api_parts(bench_.ledger),
                                 .events = events,
                                 .version_json = "{}",
                                 .metrics = [](MetricsFormat) { return std::string(); }}));
    WebResponse answer;
    router.handle(request, [&](WebResponse response) { answer = std::move(response); });
    return answer;
  }

  WebResponse stopped(const WebRequest& request, const PriceBook& book) {
    auto worker =
        StoppedWorker::open(std::make_unique<MemoryLedger>(bench_.ledger.state()),
                            {book, "test", "digest"}, plain_digest, bench_.clock, "0.1.0");
    return worker.value()->answer(request);
  }

  PriceBook with_cpu_prices(
      const std::vector<std::pair<std::string, std::string>>& from_and_price) {
    std::vector<PriceVersion> versions = bench_.book.versions();
    std::erase_if(versions, [](const auto& version) { return version.meter.str() == "cpu"; });
    const MeterName cpu{"cpu"};
    for (const auto& [from, price] : from_and_price)
      versions.push_back({cpu, find_unit(cpu, "core_second").value(), BilledScopes::kMachine,
                          from.empty() ? std::optional<Slot>() : Slot::parse(from).value(),
                          Price::parse(price).value()});
    return PriceBook::create({.currency = bench_.book.currency(),
                              .zone = utc_zone(),
                              .quantity_decimals = 9,
                              .versions = std::move(versions)})
        .value();
  }

  WorkerBench bench_;
};

TEST_F(StoppedWorkerTest, EveryQuestionIsAnsweredAsTheRunningWorkerDoes) {
  const std::vector<WebRequest> questions{
      get("/api/v1/usage", {{"by", "slot"}}),
      get("/api/v1/usage", {{"next", "web-2/2026-11-01T00:00:00Z"}}),
      get("/api/v1/usage", {{"machine", "web-1"}}),
      get("/api/v1/bill", {{"format", "text"}}),
      get("/api/v1/bill", {{"format", "csv"}, {"period", "2026-11-22"}}),
      get("/api/v1/bill", {{"machine", "web-2"}}),
      get("/api/v1/machines", {}),
      get("/api/v1/machines/web-2", {}),
      get("/api/v1/quarantine", {}),
      get("/api/v1/quarantine/1", {}),
      get("/api/v1/prices", {}),
      get("/api/v1/evidence", {{"machine", "web-2"}, {"slot", "2026-11-22T10:15:00Z"}}),
      get("/api/v1/bill", {{"machine", "nobody"}}),
      get("/api/v1/bill", {{"period", "soon"}}),
      get("/api/v1/quarantine/99", {}),
      get("/api/v1/nothing", {}),
      get("/api/v1/quarantine", {{"machine", "nobody"}})};
  for (const WebRequest& question : questions) {
    const WebResponse expected = running(question);
    const WebResponse answer = stopped(question, bench_.book);
    EXPECT_EQ(answer.status, expected.status) << question.path;
    EXPECT_EQ(answer.content_type, expected.content_type) << question.path;
    EXPECT_EQ(answer.body, expected.body) << question.path;
  }
  EXPECT_THAT(running(questions[3]).body, HasSubstr("web-1"));
  EXPECT_THAT(running(questions[7]).body, HasSubstr("boot-b"));
  EXPECT_THAT(running(questions[8]).body, HasSubstr("not_json"));
  EXPECT_THAT(running(questions.back()).body, HasSubstr(R"("items":[])"));
}

TEST_F(StoppedWorkerTest, StatusHasTheCountsAndSaysThatNothingRuns) {
  const std::string status = stopped(get("/api/v1/status", {}), bench_.book).body;
  EXPECT_THAT(status, HasSubstr(R"("ready":false,"reason":"the worker is stopped)"));
  EXPECT_THAT(status, HasSubstr(R"("counts":{"read":6,"applied":5,"repeated":0,"quarantined":1})"));
  EXPECT_THAT(status, HasSubstr(R"("machines":3)"));
  EXPECT_THAT(status, HasSubstr(R"("name":"kafka","ledger_name":"kafka:test/resource_usage")"));
}

TEST_F(StoppedWorkerTest, WhatTheControlChannelChangesIsNotThere) {
  WebRequest request = get("/api/v1/quarantine/1/discard", {});
  request.method = "POST";
  request.control = true;
  EXPECT_EQ(stopped(request, bench_.book).status, 404U);
}

// The totals of the ledger stand under one segment for the month; a price that begins in between
// can only be billed from the slots.
TEST_F(StoppedWorkerTest, PricesWithOtherSegmentsBillFromTheSlots) {
  const PriceBook book = with_cpu_prices({{"", "1"}, {"2026-11-22T10:00:00Z", "2"}});
  const std::string bill =
      stopped(get("/api/v1/bill", {{"machine", "web-1"}, {"format", "csv"}}), book).body;
  EXPECT_THAT(bill, HasSubstr("20.00"));  // 10 core-seconds at 2
  EXPECT_THAT(bill, Not(HasSubstr("10.00")));
}

TEST_F(StoppedWorkerTest, APriceThatWasEditedIsNamedOnTheStatement) {
  const PriceBook book = with_cpu_prices({{"", "3"}});
  EXPECT_THAT(stopped(get("/api/v1/bill", {{"format", "json"}}), book).body,
              HasSubstr("price of cpu per core_second since always was edited after it was used"));
}

}  // namespace
}  // namespace meterbill
