// A scope named `view:…` is shown as usage and is in nothing that bills.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/worker_bench.h"

namespace meterbill {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr std::int64_t kSecond = 1'000'000;

/// A whole slot of 4 cores: 900 s of cpu, of which a service used 300 s; views show it once more.
ReadingSpec with_views() {
  ReadingSpec spec;
  spec.seconds = 900;
  spec.cpu_s = 900;
  spec.final = true;
  spec.scopes_cpu_s = {{"service:nginx", 300}, {"view:cores", 900}, {"view:web", 300}};
  return spec;
}

Period november() { return parse_period("2026-11", *utc_zone(), UtcTime{}).value(); }

PriceBook parts_book() {
  const MeterName cpu{"cpu"};
  return PriceBook::create({.currency = Currency::parse("USD").value(),
                            .zone = utc_zone(),
                            .quantity_decimals = 9,
                            .versions = {PriceVersion{cpu, find_unit(cpu, "core_second").value(),
                                                      BilledScopes::kParts, std::nullopt,
                                                      Price::parse("1").value()}}})
      .value();
}

/// The lines and unpriced quantities, "scope meter", and the total, one a line.
std::string billed(WorkerBench& bench, const Queries& queries, LinesFrom from) {
  const Statement statement =
      queries.statement(bench.ledger, november(), std::nullopt, bench.clock.now().utc, from, {})
          .value();
  std::string text;
  for (const MachineStatement& machine : statement.machines) {
    for (const Line& line : machine.lines)
      text += line.key.scope.str() + " " + line.key.meter.str() + "\n";
    for (const UnpricedLine& line : machine.unpriced)
      text += "unpriced " + line.key.scope.str() + " " + line.key.meter.str() + "\n";
  }
  return text + to_string(statement.exact_total);
}

std::set<std::string> scopes_of_totals(WorkerBench& bench) {
  const Dictionary names = bench.ledger.dictionary().value();
  std::set<std::string> scopes;
  for (const auto& machine : names.machines) {
    const auto totals = bench.ledger.totals(machine.first).value();
    for (const auto& total : totals) scopes.insert(names.scopes.at(total.first.scope).str());
  }
  return scopes;
}

TEST(ViewsTest, AreShownAsUsage) {
  WorkerBench bench;
  bench.put_http(message_of(with_views()));
  bench.settle();
  EXPECT_EQ(bench.counts(), (Counts{4, 0, 0}));
  EXPECT_THAT(
      bench.usage_csv(),
      AllOf(HasSubstr("web-1,view:cores,,2026-11-22T10:15:00Z,cpu,900000000,core_us\r\n"),
            HasSubstr("web-1,view:web,,2026-11-22T10:15:00Z,cpu,300000000,core_us\r\n"),
            HasSubstr("web-1,service:nginx,,2026-11-22T10:15:00Z,cpu,300000000,core_us\r\n")));
}

TEST(ViewsTest, AreInNoRunningTotal) {
  WorkerBench bench;
  bench.put_http(message_of(with_views()));
  bench.settle();
  EXPECT_EQ(scopes_of_totals(bench), (std::set<std::string>{"machine", "service:nginx"}));
  ASSERT_TRUE(bench.ledger.replace_totals({}, "other segments", {}));
  WorkerBench rebuilt(bench.ledger.state());
  EXPECT_EQ(scopes_of_totals(rebuilt), (std::set<std::string>{"machine", "service:nginx"}));
}

TEST(ViewsTest, AreInNoLineWhateverScopesThePriceBills) {
  WorkerBench bench;
  bench.put_http(message_of(with_views()));
  bench.settle();
  const PriceBook parts = parts_book();
  const Queries by_parts(parts, {"test", "digest"});
  for (const LinesFrom from : {LinesFrom::kTotals, LinesFrom::kSlots}) {
    EXPECT_EQ(billed(bench, bench.queries, from),
              "machine cpu\nunpriced machine cpu_capacity\nunpriced machine uptime\n900");
    EXPECT_EQ(billed(bench, by_parts, from),
              "service:nginx cpu\nunpriced machine cpu_capacity\nunpriced machine uptime\n300");
  }
  EXPECT_EQ(bench.cost("web-1"), "900");
}

/// 4 cores for 900 s, 2 % and 50 ms a core: no machine of that size shows more.
constexpr std::int64_t kLimitS = 3'672;

TEST(ViewsTest, AreNoPartsOfWhatMayNotExceedTheMachine) {
  WorkerBench bench;
  ReadingSpec spec = with_views();
  spec.scopes_cpu_s = {{"service:nginx", kLimitS}, {"view:cores", kLimitS}};
  bench.put_http(message_of(spec));
  bench.settle();
  EXPECT_EQ(bench.cost("web-1"), "900");
  spec.scopes_cpu_s[0].second = kLimitS + 1;  // growth: the parts alone exceed it now
  bench.put_http(message_of(spec));
  bench.settle();
  EXPECT_EQ(bench.cost("web-1"), "0");
  EXPECT_EQ(bench.usage_csv(), "") << "what is held is not shown, its views neither";
}

TEST(ViewsTest, CountAmongTheScopesThatMakeASlotComplete) {
  WorkerBench bench;
  ReadingSpec spec = with_views();
  spec.scopes_cpu_s = {{"service:nginx", kLimitS + 1}, {"view:cores", 1}};
  OutgoingMessage without = message_of(spec);
  const std::string view = R"("scope":"view:cores")";
  const std::size_t at = without.value.find(view);
  ASSERT_NE(at, std::string::npos);
  without.value.replace(at, view.size(), R"("scope":"view cores")");  // quarantined: no such scope
  bench.put_http(without);
  bench.settle();
  EXPECT_EQ(bench.counts(), (Counts{2, 0, 1}));
  EXPECT_EQ(bench.cost("web-1"), "900") << "not complete: the machine's totals may still grow";
  bench.put_http(message_of(spec));
  bench.settle();
  EXPECT_EQ(bench.cost("web-1"), "0");
}

TEST(ViewsTest, CoverNoTime) {
  WorkerBench bench;
  ReadingSpec spec = with_views();
  spec.seconds = 600;
  bench.put_http(message_of(spec));
  bench.settle();
  const Statement statement = bench.queries
                                  .statement(bench.ledger, november(), std::nullopt,
                                             bench.clock.now().utc, LinesFrom::kTotals, {})
                                  .value();
  ASSERT_EQ(statement.machines.size(), 1U);
  ASSERT_TRUE(statement.machines[0].note.coverage);
  EXPECT_EQ(statement.machines[0].note.coverage->metered_us, 600 * kSecond);
}

TEST(ViewsTest, OfUsageEventsAreShownAndNotBilled) {
  WorkerBench bench;
  Delivery delivery;
  delivery.value =
      R"({"specversion":"1.0","type":"io.meterbill.usage.v1","source":"urn:x","id":"1",)"
      R"("subject":"node-4","data":{"scope":"view:frames","meter":"cpu","quantity":"5",)"
      R"("unit":"core_second","time":"2026-11-22T10:16:12Z"}})";
  delivery.headers = {{"content-type", "application/cloudevents+json"}};
  delivery.recorded = bench.clock.now().utc;
  bench.http.put(std::move(delivery));
  bench.settle();
  EXPECT_EQ(bench.counts(), (Counts{1, 0, 0}));
  EXPECT_EQ(bench.usage_csv(), "node-4,view:frames,,2026-11-22T10:15:00Z,cpu,5000000,core_us\r\n");
  for (const LinesFrom from : {LinesFrom::kTotals, LinesFrom::kSlots})
    EXPECT_THAT(billed(bench, bench.queries, from), Not(HasSubstr("view:")));
  EXPECT_EQ(bench.cost("node-4"), "0");
}

}  // namespace
}  // namespace meterbill
