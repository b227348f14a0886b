#include "report/statement_report.h"

#include <gtest/gtest.h>

#include "report/price_book_report.h"
#include "support/golden.h"
#include "unit/domain/billing_support.h"

namespace meterbill {
namespace {

constexpr std::int64_t kSecond = 1'000'000;
const Slot kSlot = slot("2026-11-22T10:15:00Z");

PriceBook berlin_book() {
  return book_of({version("cpu", "core_hour", "0.042", "2025-12-31T23:00:00Z"),
                  version("memory", "gib_hour", "0.006", "2026-06-30T22:00:00Z"),
                  version("cpu_usage", "percent_sample", "0.05"),
                  version("net_out", "gb", "0.01", "2026-11-10T12:15:00Z")},
                 "Europe/Berlin", "EUR");
}

/// Facts with digests that do not depend on the host.
StatementFacts facts_of(const PriceBook& book, const char* period) {
  return {.period = parse_period(period, book.zone(), UtcTime{}).value(),
          .cut_off = slot("2026-11-22T14:30:00Z"),
          .prices_source = "prices.toml",
          .prices_digest = std::string(64, '3'),
          .zone = {"Europe/Berlin", "2026a", std::string(64, 'b')},
          .warnings = {}};
}

void add(Rating& rating, const char* machine, const char* scope, const char* labels,
         const char* meter, Slot at, Int128 base) {
  ASSERT_TRUE(rating.add(MachineId{machine}, ScopeName{scope}, labels, MeterName{meter}, at, base));
}

/// One machine: the usual case.
Statement one_machine(const PriceBook& book) {
  Rating rating{book};
  add(rating, "web-1", "machine", "site=lab-3", "cpu", kSlot, 1'485'838'868'400);
  add(rating, "web-1", "machine", "site=lab-3", "memory", kSlot, 19'328'296'550'400);
  add(rating, "web-1", "machine", "site=lab-3", "cpu_capacity", kSlot, 9'000'000'000'000);
  add(rating, "web-1", "machine", "site=lab-3", "disk_read", kSlot, 12'500'000'000);
  MachineNote note;
  note.coverage = Coverage{1'861'322'000'000, 1'320 * kSecond, 0, 358 * kSecond};
  return make_statement(facts_of(book, "2026-11"), rating.finish().value(),
                        {{MachineId{"web-1"}, note}})
      .value();
}

/// Several: price changes, parts, held and unpriced usage, samples, names that spreadsheets run.
Statement fleet(const PriceBook& book) {
  Rating rating{book};
  add(rating, "lab-07", "machine", "-x=1,note=a\\,b", "cpu", slot("2026-10-31T22:45:00Z"),
      3'600'000'000);
  add(rating, "lab-07", "machine", "-x=1,note=a\\,b", "cpu", kSlot, 7'200'000'000);
  add(rating, "lab-07", "machine", "", "net_out", kSlot, 123'456'789'012);
  add(rating, "lab-07", "machine", "", "net_out", slot("2026-11-10T12:00:00Z"), 5);
  for (const char* part : {"service:nginx.service", "unattributed", "view:cores"})
    add(rating, "lab-07", part, "", "cpu", kSlot, 2'700'000'000);
  add(rating, "Machine_B", "machine", "", "cpu_usage", kSlot, 12'300'000'000);
  add(rating, "Machine_B", "service:größer", "", "api_calls", kSlot, 1'500'000'000);
  std::map<MachineId, MachineNote> notes;
  notes[MachineId{"lab-07"}].coverage = Coverage{900 * kSecond, 1, 0, 0};
  notes[MachineId{"lab-07"}].held[MeterName{"cpu"}] = 1'800'000'000;
  for (int i = 0; i < 7; ++i)
    notes[MachineId{"lab-07"}].clock_steps.push_back(
        {kSlot.plus(i), 900 * kSecond + i, i == 0 ? 100'000 : kSecond});
  notes[MachineId{"render-12"}].clock_steps = {{kSlot, 1'700 * kSecond, 100 * kSecond}};
  notes[MachineId{"render-12"}].coverage = Coverage{0, 0, 0, 3'600 * kSecond};
  notes[MachineId{"render-12"}].discarded[MeterName{"cpu"}] = 5'400'000'000;
  notes[MachineId{"render-12"}].discarded[MeterName{"net_out"}] = 2'500'000'000;
  StatementFacts facts = facts_of(book, "2026-10..2026-11");
  facts.warnings = {"the price of cpu since 2026-01-01 was edited after it had been used"};
  const std::string topic = "kafka:5L6g3nShT-eMCtK--X86sw/resource_usage";
  facts.gaps = {{.source = topic,
                 .partition = 0,
                 .incarnation = 1,
                 .from = 5,
                 .to = 9,
                 .after = slot("2026-11-20T07:15:00Z").start(),
                 .detected = slot("2026-11-22T10:15:00Z").start()},
                {.source = topic,
                 .partition = 2,
                 .incarnation = 3,
                 .from = 7,
                 .to = 7,
                 .detected = slot("2026-11-22T10:30:00Z").start()}};
  return make_statement(facts, rating.finish().value(), notes).value();
}

TEST(StatementReportTest, TheUnitsOfTheLinesAreExplained) {
  const PriceBook book =
      book_of({version("cpu", "core_hour", "0.036"),
               version("cpu", "core_second", "0.00001", "2026-11-22T10:15:00Z"),
               version("memory", "gb_hour", "0.006"), version("net_in", "gib", "0.01")},
              "Europe/Berlin", "EUR");
  Rating rating{book};
  for (const Slot at : {kSlot, kSlot.plus(-1)})
    add(rating, "web-1", "machine", "", "cpu", at, 3'600'000'000);
  add(rating, "web-1", "machine", "", "memory", kSlot, 3'515'625'000);
  add(rating, "web-1", "machine", "", "net_in", kSlot, 1);
  const Statement statement =
      make_statement(facts_of(book, "2026-11"), rating.finish().value(), {}).value();
  const std::string text = statement_text(statement, book.zone());
  const std::size_t begin = text.find("Meaning");
  EXPECT_EQ(text.substr(begin, text.find("Prices", begin) - begin),
            "Meaning    cpu: processor time used: one core busy for one hour is 1 core_hour;\n"
            "           one core busy for one second is 1 core_second\n"
            "           memory: memory in use (total less available) times time: 1 GB\n"
            "           (1,000,000,000 bytes) for an hour is 1 gb_hour\n"
            "           net_in: bytes received from the network: 1,073,741,824 bytes are 1\n"
            "           gib\n");
}

TEST(StatementReportTest, OneMachineAsText) {
  const PriceBook book = berlin_book();
  expect_golden("tests/golden/statement.txt", statement_text(one_machine(book), book.zone()));
}

TEST(StatementReportTest, OneMachineAsJson) {
  const PriceBook book = berlin_book();
  expect_golden("tests/golden/statement.json", statement_json(one_machine(book), book.zone()));
}

TEST(StatementReportTest, OneMachineAsCsv) {
  const PriceBook book = berlin_book();
  expect_golden("tests/golden/statement.csv", statement_csv(one_machine(book), book.zone()));
}

TEST(StatementReportTest, AFleetAsText) {
  const PriceBook book = berlin_book();
  expect_golden("tests/golden/statement_fleet.txt", statement_text(fleet(book), book.zone()));
}

TEST(StatementReportTest, AFleetAsJson) {
  const PriceBook book = berlin_book();
  expect_golden("tests/golden/statement_fleet.json", statement_json(fleet(book), book.zone()));
}

TEST(StatementReportTest, AFleetAsCsv) {
  const PriceBook book = berlin_book();
  expect_golden("tests/golden/statement_fleet.csv", statement_csv(fleet(book), book.zone()));
}

TEST(StatementReportTest, WhatAPriceOfPartsLeavesOutOfTheMachineIsShown) {
  const PriceBook book = book_of({version("memory", "gib_hour", "1", "", BilledScopes::kParts)});
  Rating rating{book};
  add(rating, "web-1", "machine", "", "memory", kSlot, 7'864'320'000);
  const Statement statement =
      make_statement(facts_of(book, "2026-11"), rating.finish().value(), {}).value();
  const auto holds = [](const std::string& text, const char* part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  };
  holds(statement_text(statement, book.zone()),
        "Not billed memory 2.083333333 gib_hour of the machine: the price is for its\n"
        "           parts\n");
  holds(statement_json(statement, book.zone()),
        R"("not_billed":[{"meter":"memory","scopes":"machine","base_quantity":"7864320000",)");
  holds(statement_csv(statement, book.zone()),
        "not_billed,web-1,machine,,memory,2026-11-01T00:00:00Z,7864320000,kib_s,,,,,,2026-11,");
}

TEST(StatementReportTest, TheSameStatementGivesTheSameBytes) {
  const PriceBook book = berlin_book();
  EXPECT_EQ(statement_json(fleet(book), book.zone()), statement_json(fleet(book), book.zone()));
}

TEST(StatementReportTest, WhatTheZoneDataDoesNotSayIsNullNotTheHashOfNothing) {
  const PriceBook book = book_of({version("cpu", "core_hour", "1")}, "UTC", "EUR");
  StatementFacts facts = facts_of(book, "2026-11");
  facts.zone = book.zone().data();
  const Statement statement = make_statement(facts, Rating{book}.finish().value(), {}).value();
  const std::string json = statement_json(statement, book.zone());
  EXPECT_NE(json.find(R"("time_zone_data":{"name":"UTC","version":null,"sha256":null})"),
            std::string::npos)
      << json;
  const std::string text = statement_text(statement, book.zone());
  EXPECT_TRUE(text.ends_with("\nZone data  UTC: needs no time-zone data\n")) << text;
}

TEST(StatementReportTest, APriceSinceLocalMidnightShowsTheDateAnotherTheTime) {
  const auto berlin = zone("Europe/Berlin");
  EXPECT_EQ(since_text(version("cpu", "core_hour", "1", "2025-12-31T23:00:00Z"), *berlin),
            "2026-01-01");
  EXPECT_EQ(since_text(version("cpu", "core_hour", "1", "2026-01-01T00:00:00Z"), *berlin),
            "2026-01-01 01:00 +01:00");
  EXPECT_EQ(since_text(version("cpu", "core_hour", "1"), *berlin), "always");
}

TEST(PriceBookReportTest, ABookAsTextAndJson) {
  const PriceBook book = berlin_book();
  expect_golden("tests/golden/price_book.txt",
                price_book_text(book, "prices.toml", std::string(64, '3')));
  expect_golden("tests/golden/price_book.json",
                price_book_json(book, "prices.toml", std::string(64, '3')));
}

TEST(StatementTextTest, TimeBelowAHundredthOfAnHourIsNotNothing) {
  const PriceBook book = berlin_book();
  MachineNote note;
  note.coverage = Coverage{5 * kSecond, 0, 0, 0};
  const std::string text =
      statement_text(make_statement(facts_of(book, "2026-11"), Rating{book}.finish().value(),
                                    {{MachineId{"web-1"}, note}})
                         .value(),
                     book.zone());
  EXPECT_NE(text.find("<0.01 h expected:"), std::string::npos) << text;
  EXPECT_NE(text.find("metered <0.01 h (100.00 %)"), std::string::npos) << text;
}

TEST(StatementTextTest, TimeThatIsHeldIsNotCalledUnexpected) {
  const PriceBook book = berlin_book();
  MachineNote note;
  note.coverage = Coverage{};
  const auto text = [&] {
    return statement_text(make_statement(facts_of(book, "2026-11"), Rating{book}.finish().value(),
                                         {{MachineId{"web-1"}, note}})
                              .value(),
                          book.zone());
  };
  EXPECT_NE(text().find("0.00 h: no time was expected"), std::string::npos);
  note.held[MeterName{"cpu"}] = 1;
  EXPECT_NE(text().find("not known while what covers this period is held"), std::string::npos);
}

}  // namespace
}  // namespace meterbill
