// Usage of a fleet, page by page: wherever the pages are cut, what is printed is the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "support/worker_bench.h"

namespace meterbill {
namespace {

using testing::HasSubstr;

constexpr UsageFormat kFormats[] = {UsageFormat::kText, UsageFormat::kCsv, UsageFormat::kJson};
constexpr UsageBy kBys[] = {UsageBy::kSlot, UsageBy::kHour, UsageBy::kDay};

/// `machines` machines of `slots` slots up to 10:15, with a part, a view, labels, a restart in
/// every fifth slot and a clock step in every seventh.
void put_fleet(WorkerBench& bench, int machines, int slots) {
  const Slot first = Slot::parse("2026-11-22T10:15:00Z").value().plus(1 - slots);
  for (int machine = 0; machine < machines; ++machine) {
    ReadingSpec spec;
    spec.machine = "web-" + std::to_string(machine);
    if (machine % 3 == 0) spec.labels = {{"site", "läb"}};
    for (int slot = 0; slot < slots; ++slot) {
      spec.slot = to_string(first.plus(slot));
      spec.from_s = slot * 2'000L;
      spec.seconds = slot % 7 == 0 ? 901 : 900;
      spec.cpu_s = machine + slot;
      spec.scopes_cpu_s = {{"service:a", slot}, {"view:b", machine}};
      bench.put_http(message_of(spec));
      if (slot % 5 != 0) continue;
      ReadingSpec again = spec;
      again.epoch = "00000000000000000000000000000002";
      again.from_s += 1'000;
      again.seconds = 1;
      bench.put_http(message_of(again));
    }
    bench.settle();
  }
}

TEST(UsageQueryTest, ManySmallPagesPrintWhatOnePagePrints) {
  WorkerBench bench;
  put_fleet(bench, 4, 60);  // 19:30 to 10:15: two days
  for (const UsageFormat format : kFormats) {
    for (const UsageBy by : kBys) {
      const std::string whole = bench.usage(format, by, 1'000'000);
      EXPECT_THAT(whole, HasSubstr("view:b"));
      for (const std::size_t rows : {1U, 2U, 7U, 100U})
        ASSERT_EQ(bench.usage(format, by, rows), whole)
            << rows << " rows a page, by " << to_string(by);
    }
  }
}

TEST(UsageQueryTest, APageIsBoundedAndTheRestIsNotLost) {
  WorkerBench bench;
  put_fleet(bench, 12, 90);
  Queries::UsageRequest request{
      .by = UsageBy::kSlot,
      .period = month_of(bench.clock.now().utc, bench.book.zone()).value(),
      .rows_max = 100};
  std::size_t rows = 0;
  std::size_t pages = 0;
  do {
    const UsagePage page = bench.queries.usage(bench.ledger, request).value();
    std::size_t on_page = 0;
    for (const MachineUsage& piece : page.machines) on_page += piece.rows.size();
    EXPECT_LT(on_page, 100U + 10U) << "a slot of one machine has at most 10 rows here";
    rows += on_page;
    ++pages;
    request.from = page.next;
  } while (request.from);
  // A slot has 3 meters of the machine, 1 of the part, 1 of the view: a restart adds to them.
  EXPECT_EQ(rows, 12U * 90U * 5U);
  EXPECT_GE(pages, rows / 110);
}

TEST(UsageQueryTest, ABootRenamedToAnotherMachineIsOnItsPages) {
  WorkerBench bench;
  put_fleet(bench, 2, 20);
  ReadingSpec stray;  // another machine that calls itself web-0
  stray.machine = "web-0";
  stray.epoch = "00000000000000000000000000000003";
  stray.boot = "boot-b";
  stray.cpu_s = 777;
  stray.seconds = 900;
  const Slot last = Slot::parse("2026-11-22T10:15:00Z").value();
  for (int slot = 19; slot >= 0; slot -= 2) {
    stray.slot = to_string(last.plus(-slot));
    stray.from_s += 1'000;
    bench.put_http(message_of(stray));
  }
  bench.settle();
  auto done = std::async(std::launch::async, [&bench] {
    return bench.worker->resolve(MachineId{"web-0"}, BootId{"boot-b"}, Decision::kRename,
                                 MachineId{"web-9"});
  });
  while (done.wait_for(std::chrono::milliseconds(1)) != std::future_status::ready)
    static_cast<void>(bench.worker->step());
  ASSERT_TRUE(done.get());
  ReadingSpec own;  // then it is told its name, and goes on under it
  own.machine = "web-9";
  own.boot = "boot-b";
  own.cpu_s = 1;
  for (int slot = 0; slot < 20; ++slot) {
    own.slot = to_string(last.plus(-slot));
    own.from_s += 1'000;
    bench.put_http(message_of(own));
  }
  bench.settle();
  for (const UsageBy by : kBys) {
    const std::string whole = bench.usage(UsageFormat::kCsv, by, 1'000'000);
    for (const std::size_t rows : {1U, 3U, 20U})
      ASSERT_EQ(bench.usage(UsageFormat::kCsv, by, rows), whole);
  }
  const std::string slots = bench.usage(UsageFormat::kCsv, UsageBy::kSlot);
  EXPECT_THAT(slots, HasSubstr("web-9,machine,,2026-11-22T05:30:00Z,cpu,778000000,core_us"));
  EXPECT_THAT(slots, HasSubstr("web-9,machine,,2026-11-22T05:45:00Z,cpu,1000000,core_us"));
}

TEST(UsageQueryTest, OneMachineIsShownAlone) {
  WorkerBench bench;
  put_fleet(bench, 3, 4);
  Queries::UsageRequest request{
      .machine = MachineId{"web-1"},
      .by = UsageBy::kDay,
      .period = month_of(bench.clock.now().utc, bench.book.zone()).value()};
  const UsagePage page = bench.queries.usage(bench.ledger, request).value();
  ASSERT_EQ(page.machines.size(), 1U);
  EXPECT_EQ(page.machines[0].machine.str(), "web-1");
  EXPECT_FALSE(page.next);
  request.machine = MachineId{"web-9"};
  const auto unknown = bench.queries.usage(bench.ledger, request);
  ASSERT_FALSE(unknown);
  EXPECT_THAT(unknown.error().message, HasSubstr("machine list"));
}

TEST(UsageQueryTest, ACursorOutsideOfThePeriodShowsNothingFromOutsideIt) {
  WorkerBench bench;
  put_fleet(bench, 1, 60);
  const auto day = [&bench](const char* text) {
    return parse_period(text, bench.book.zone(), bench.clock.now().utc).value();
  };
  Queries::UsageRequest request{.by = UsageBy::kDay, .period = day("2026-11-22")};
  request.from = UsageCursor{MachineId{"web-0"}, day("2026-11-21").slots.begin};
  UsagePage page = bench.queries.usage(bench.ledger, request).value();
  ASSERT_EQ(page.machines.size(), 1U);
  for (const UsageReportRow& row : page.machines[0].rows) EXPECT_EQ(row.time, "2026-11-22");
  request.from->slot = day("2026-11-23").slots.begin;
  page = bench.queries.usage(bench.ledger, request).value();
  EXPECT_TRUE(page.machines.empty());
}

}  // namespace
}  // namespace meterbill
