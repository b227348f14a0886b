#include "domain/rating.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "domain/statement.h"
#include "unit/domain/billing_support.h"

namespace meterbill {
namespace {

const MachineId kWeb{"web-1"};
const ScopeName kService{"service:nginx.service"};
const Slot kSlot = slot("2026-11-22T10:15:00Z");

PriceBook prototype_book() {
  return book_of({version("cpu_usage", "percent_sample", "0.05"),
                  version("memory_usage", "percent_sample", "0.01")});
}

void add(Rating& rating, const char* meter, Slot at, Int128 base,
         const ScopeName& scope = machine_scope(), const std::string& labels = "",
         const MachineId& machine = kWeb) {
  const auto added = rating.add(machine, scope, labels, MeterName{meter}, at, base);
  ASSERT_TRUE(added) << added.error().message;
}

TEST(RatingTest, AThousandSamplesOfThePrototypeCost1227Exactly) {
  const PriceBook book = prototype_book();
  Rating rating{book};
  for (int i = 0; i < 1'000; ++i) {
    add(rating, "cpu_usage", kSlot, 12'300'000'000);
    add(rating, "memory_usage", kSlot, 61'200'000'000);
  }
  const Bill bill = rating.finish().value();
  ASSERT_EQ(bill.lines.size(), 2U);
  EXPECT_EQ(to_string(bill.lines[0].cost), "615");
  EXPECT_EQ(to_string(bill.lines[1].cost), "612");
  EXPECT_EQ(to_string(bill.exact_total), "1227");
  EXPECT_EQ(to_string(bill.total, bill.currency), "1227.00");
}

TEST(RatingTest, OneSampleOfThePrototypeCosts1227Thousandths) {
  const PriceBook book = prototype_book();
  Rating rating{book};
  add(rating, "cpu_usage", kSlot, 12'300'000'000);
  add(rating, "memory_usage", kSlot, 61'200'000'000);
  const Bill bill = rating.finish().value();
  EXPECT_EQ(to_string(bill.exact_total), "1.227");
  // 0.615 and 0.612: each line is rounded, half to even.
  EXPECT_EQ(to_string(bill.total, bill.currency), "1.23");
}

TEST(RatingTest, APriceChangeCutsTheMonthAtItsSlot) {
  const PriceBook book = book_of(
      {version("cpu", "core_hour", "1"), version("cpu", "core_hour", "2", "2026-11-22T10:15:00Z")});
  Rating rating{book};
  constexpr Int128 kHour = 3'600'000'000;
  add(rating, "cpu", kSlot.plus(-1), kHour);
  add(rating, "cpu", kSlot, kHour);
  add(rating, "cpu", kSlot.next(), kHour);
  add(rating, "cpu", slot("2026-12-01T00:00:00Z"), kHour);
  const Bill bill = rating.finish().value();
  ASSERT_EQ(bill.lines.size(), 3U);
  EXPECT_EQ(to_string(bill.lines[0].key.segment), "2026-11-01T00:00:00Z");
  EXPECT_EQ(to_string(bill.lines[0].cost), "1");
  EXPECT_EQ(to_string(bill.lines[1].key.segment), "2026-11-22T10:15:00Z");
  EXPECT_EQ(to_string(bill.lines[1].cost), "4");
  EXPECT_EQ(to_string(bill.lines[2].key.segment), "2026-12-01T00:00:00Z");
  EXPECT_EQ(to_string(bill.lines[2].cost), "2");
}

TEST(RatingTest, TheTotalIsTheSumOfTheRoundedAmounts) {
  const PriceBook book = book_of({version("requests", "unit", "0.006")});
  Rating rating{book};
  for (const char* name : {"a", "b", "c"})
    add(rating, "requests", kSlot, 1'000'000'000, machine_scope(), "", MachineId{name});
  const Bill bill = rating.finish().value();
  EXPECT_EQ(to_string(bill.total, bill.currency), "0.03");
  EXPECT_EQ(to_string(bill.exact_total), "0.018");
  EXPECT_EQ(difference_sentence(bill.exact_total, bill.total, bill.currency),
            "The total is the sum of the rounded amounts; unrounded it is 0.018.");
}

TEST(RatingTest, EqualTotalsNeedNoSentence) {
  const Currency usd = Currency::parse("USD").value();
  EXPECT_EQ(difference_sentence(exact(Amount{1227}, usd), Amount{1227}, usd), "");
}

TEST(RatingTest, QuantitiesAddUpBeforeTheyAreRounded) {
  // A third of a core_hour has no end in decimals; three of them are one.
  const PriceBook book = book_of({version("cpu", "core_hour", "1")});
  Rating rating{book};
  for (int i = 0; i < 3; ++i) add(rating, "cpu", kSlot.plus(i), 1'200'000'000);
  EXPECT_EQ(to_string(rating.finish().value().exact_total), "1");
}

TEST(RatingTest, MachinePricesBillTheMachineAndPartPricesItsParts) {
  const PriceBook book = book_of({version("cpu", "core_second", "1"),
                                  version("memory", "mib_hour", "1", "", BilledScopes::kParts)});
  Rating rating{book};
  for (const char* scope : {"machine", "service:nginx.service", "view:cores"}) {
    add(rating, "cpu", kSlot, 1'000'000, ScopeName{scope});
    add(rating, "memory", kSlot, 3'686'400, ScopeName{scope});
  }
  const Bill bill = rating.finish().value();
  ASSERT_EQ(bill.lines.size(), 2U);
  EXPECT_EQ(bill.lines[0].key.scope, machine_scope());
  EXPECT_EQ(bill.lines[0].key.meter.str(), "cpu");
  EXPECT_EQ(bill.lines[1].key.scope, kService);
  EXPECT_EQ(bill.lines[1].key.meter.str(), "memory");
  EXPECT_EQ(to_string(bill.exact_total), "2");
  EXPECT_TRUE(bill.unpriced.empty());
}

TEST(RatingTest, WhatAPriceLeavesOutIsSummedBesideTheLines) {
  const PriceBook book = book_of({version("cpu", "core_second", "1"),
                                  version("memory", "mib_hour", "1", "", BilledScopes::kParts)});
  Rating rating{book};
  for (const char* scope : {"machine", "service:nginx.service", "unattributed", "view:cores"})
    for (const int at : {0, 1}) {
      add(rating, "cpu", kSlot.plus(at), 1'000'000, ScopeName{scope});
      add(rating, "memory", kSlot.plus(at), 3'686'400, ScopeName{scope});
    }
  const Bill bill = rating.finish().value();
  using Meters = std::map<MeterName, Int128, MeterOrder>;
  ASSERT_EQ(bill.not_billed.size(), 1U);
  EXPECT_EQ(bill.not_billed.at(kWeb).of_parts, (Meters{{MeterName{"cpu"}, 4'000'000}}));
  EXPECT_EQ(bill.not_billed.at(kWeb).of_machine, (Meters{{MeterName{"memory"}, 7'372'800}}));
  EXPECT_EQ(to_string(bill.exact_total), "6") << "2 of cpu, 4 of memory";
}

TEST(RatingTest, AMeterWithoutAPriceIsUnpricedNotDropped) {
  const PriceBook book = book_of({version("cpu", "core_second", "1", "2026-11-22T10:15:00Z")});
  Rating rating{book};
  add(rating, "cpu", kSlot.plus(-1), 2'000'000);
  add(rating, "cpu", kSlot, 1'000'000);
  add(rating, "disk_read", kSlot, 12'500'000'000);
  add(rating, "disk_read", kSlot, 1, ScopeName{"view:disks"});
  const Bill bill = rating.finish().value();
  EXPECT_EQ(bill.lines.size(), 1U);
  ASSERT_EQ(bill.unpriced.size(), 2U);
  EXPECT_EQ(bill.unpriced[0].key.meter.str(), "cpu");
  EXPECT_EQ(bill.unpriced[0].base, 2'000'000);
  EXPECT_EQ(bill.unpriced[1].unit.name, "gb");
  EXPECT_EQ(decimal_text(Int256(bill.unpriced[1].quantity), 9), "12.5");
}

TEST(RatingTest, LinesAreOrderedWhateverTheOrderOfUsage) {
  const PriceBook book =
      book_of({version("cpu", "core_second", "1"), version("memory", "mib_hour", "1"),
               version("cpu_usage", "percent_sample", "1"), version("calls", "unit", "1"),
               version("cpu", "core_second", "2", "2026-11-22T10:15:00Z")});
  struct Use {
    const char* machine;
    const char* labels;
    const char* meter;
    int slots;
  };
  std::vector<Use> uses{{"a", "", "cpu", -1},   {"a", "", "cpu", 0},
                        {"a", "", "memory", 0}, {"a", "", "cpu_usage", 0},
                        {"a", "", "calls", 0},  {"a", "site=lab-3", "cpu", 0},
                        {"b", "", "memory", 0}, {"b", "", "calls", 0}};
  const auto lines_of = [&] {
    Rating rating{book};
    for (const Use& use : uses)
      add(rating, use.meter, kSlot.plus(use.slots), 5, machine_scope(), use.labels,
          MachineId{use.machine});
    std::vector<LineKey> keys;
    const Bill bill = rating.finish().value();
    for (const Line& line : bill.lines) keys.push_back(line.key);
    return keys;
  };
  const std::vector<LineKey> sorted = lines_of();
  ASSERT_EQ(sorted.size(), uses.size());
  for (std::size_t i = 0; i < uses.size(); ++i) {
    EXPECT_EQ(sorted[i].machine.str(), uses[i].machine);
    EXPECT_EQ(sorted[i].meter.str(), uses[i].meter);
    EXPECT_EQ(sorted[i].labels, uses[i].labels);
  }
  std::mt19937 random{7};  // NOLINT: the same shuffles each time
  for (int i = 0; i < 20; ++i) {
    std::ranges::shuffle(uses, random);
    EXPECT_EQ(lines_of(), sorted);
  }
}

TEST(RatingTest, NegativeUsageIsRefused) {
  const PriceBook book = prototype_book();
  Rating rating{book};
  EXPECT_EQ(rating.add(kWeb, machine_scope(), "", MeterName{"cpu_usage"}, kSlot, -1).error().code,
            Code::kInvalid);
}

TEST(RatingTest, SumsThatDoNotFitAreRefusedWithTheMachinesName) {
  const PriceBook book = prototype_book();
  Rating rating{book};
  const Int128 largest = ((Int128{1} << 126) - 1) * 2 + 1;
  add(rating, "cpu_usage", kSlot, largest);
  const auto more = rating.add(kWeb, machine_scope(), "", MeterName{"cpu_usage"}, kSlot, 1);
  EXPECT_EQ(more.error().code, Code::kOverflow);
  EXPECT_NE(more.error().message.find("web-1"), std::string::npos);
}

TEST(RatingTest, AMonthOfFullCountersIsExact) {
  const PriceBook book = book_of({version("net_out", "gb", "0.000000000001")});
  Rating rating{book};
  constexpr Int128 kMost = 9'223'372'036'854'775'807;
  const Slot first = slot("2026-01-01T00:00:00Z");
  for (int i = 0; i < 31 * 96; ++i) add(rating, "net_out", first.plus(i), kMost);
  const Bill bill = rating.finish().value();
  ASSERT_EQ(bill.lines.size(), 1U);
  EXPECT_EQ(decimal_text(Int256(bill.lines[0].quantity), 9), "27448755181679.812801632");
}

TEST(StatementTest, SplitsAddUpToTheWholeByLargestRemainder) {
  EXPECT_EQ(split(100, {1, 1, 1}), (std::vector<Int128>{34, 33, 33}));
  EXPECT_EQ(split(10'000, {9'991, 7, 0, 2}), (std::vector<Int128>{9'991, 7, 0, 2}));
  EXPECT_EQ(split(10, {0, 0}), (std::vector<Int128>{0, 0}));
  EXPECT_EQ(split(1, {1, 2}), (std::vector<Int128>{0, 1}));
}

TEST(StatementTest, MachinesAddUpToTheWholeAndOnesWithoutUsageAreShown) {
  const PriceBook book = prototype_book();
  Rating rating{book};
  add(rating, "cpu_usage", kSlot, 1'000'000'000, machine_scope(), "", MachineId{"b"});
  add(rating, "cpu_usage", kSlot, 2'000'000'000, machine_scope(), "", MachineId{"a"});
  const StatementFacts facts{
      {"2026-11", "November 2026", {kSlot, kSlot.next()}}, kSlot.next(), "", "", {}, {}};
  const Statement statement =
      make_statement(facts, rating.finish().value(), {{MachineId{"c"}, MachineNote{}}}).value();
  ASSERT_EQ(statement.machines.size(), 3U);
  EXPECT_EQ(statement.machines[0].machine.str(), "a");
  EXPECT_EQ(to_string(statement.machines[0].exact_total), "0.1");
  EXPECT_EQ(to_string(statement.machines[1].exact_total), "0.05");
  EXPECT_EQ(to_string(statement.machines[2].exact_total), "0");
  EXPECT_EQ(to_string(statement.exact_total), "0.15");
}

}  // namespace
}  // namespace meterbill
