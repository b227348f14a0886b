// Coverage of a fleet, page by page.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "support/worker_bench.h"

namespace meterbill {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::int64_t kSecond = 1'000'000;

/// 22 November 2026, 10:20: web-0 was metered in all slots from 08:00 but one, web-1 in the half of
/// two; a sample came of Machine_B.
class CoverageQueryTest : public testing::Test {
 protected:
  CoverageQueryTest() {
    const Slot eight = Slot::parse("2026-11-22T08:00:00Z").value();
    for (int slot = 0; slot < 9; ++slot) {
      if (slot == 3) continue;
      put("web-0", eight.plus(slot), 900, 0);
    }
    put("web-1", eight.plus(7), 300, 150);
    put("web-1", eight.plus(8), 300, 150);
    bench_.put_kafka(R"({"machine_id": "Machine_B", "cpu_usage": 12.3, "memory_usage": 61.2})");
    bench_.settle();
  }

  void put(const char* machine, Slot slot, std::int64_t seconds, std::int64_t estimated_s) {
    bench_.put_http(message_of({.machine = machine,
                                .boot = std::string("boot-") + machine,
                                .slot = to_string(slot),
                                .from_s = slot.unix_seconds(),
                                .seconds = seconds,
                                .estimated_s = estimated_s}));
  }
  Queries::CoverageRequest request(const char* period, std::optional<UsageBy> by = {}) {
    return {
        .by = by, .period = parse_period(period, bench_.book.zone(), now()).value(), .now = now()};
  }
  UtcTime now() { return bench_.clock.now().utc; }
  CoveragePage page(const Queries::CoverageRequest& request) {
    return bench_.queries.coverage(bench_.ledger, request).value();
  }
  /// "machine time metered/estimated/off/missing", in seconds, of all pages.
  std::vector<std::string> rows(Queries::CoverageRequest request) {
    std::vector<std::string> rows;
    for (;;) {
      const CoveragePage one = page(request);
      for (const MachineCoverage& machine : one.machines) {
        if (!machine.is_known) rows.push_back(machine.machine.str() + " not known");
        for (const CoverageRow& row : machine.rows)
          rows.push_back(
              fmt::format("{} {} {}/{}/{}/{}", machine.machine.str(), row.time,
                          row.coverage.metered_us / kSecond, row.coverage.estimated_us / kSecond,
                          row.coverage.off_us / kSecond, row.coverage.missing_us / kSecond));
      }
      if (!one.next) return rows;
      request.from = one.next;
    }
  }

  WorkerBench bench_;
};

TEST_F(CoverageQueryTest, APeriodIsOneRowOfEachMachine) {
  EXPECT_THAT(rows(request("2026-11")),
              ElementsAre("Machine_B not known", "web-0 2026-11 7200/0/0/900",
                          "web-1 2026-11 600/300/0/450"));
}

TEST_F(CoverageQueryTest, AMissingSlotIsARowAndWhatWasNotExpectedIsNone) {
  Queries::CoverageRequest wanted = request("2026-11-22", UsageBy::kHour);
  EXPECT_THAT(rows(wanted),
              ElementsAre("Machine_B not known", "web-0 2026-11-22T08:00:00+00:00 2700/0/0/900",
                          "web-0 2026-11-22T09:00:00+00:00 3600/0/0/0",
                          "web-0 2026-11-22T10:00:00+00:00 900/0/0/0",
                          "web-1 2026-11-22T09:00:00+00:00 300/150/0/0",
                          "web-1 2026-11-22T10:00:00+00:00 300/150/0/450"));
  wanted.by = UsageBy::kSlot;
  wanted.machine = MachineId{"web-0"};
  EXPECT_THAT(rows(wanted), testing::Contains("web-0 2026-11-22T08:45:00Z 0/0/0/900"));
  EXPECT_THAT(rows(request("2026-10")), ElementsAre("Machine_B not known"));
  EXPECT_THAT(rows(request("2026-12", UsageBy::kDay)), ElementsAre("Machine_B not known"));
}

TEST_F(CoverageQueryTest, WhereverPagesAreCutTheRowsAreTheSame) {
  for (const auto by : {std::optional<UsageBy>(), std::optional(UsageBy::kSlot),
                        std::optional(UsageBy::kHour), std::optional(UsageBy::kDay)}) {
    Queries::CoverageRequest wanted = request("2026-11", by);
    const auto whole = rows(wanted);
    for (const std::size_t max : {1U, 2U, 3U, 5U}) {
      wanted.slots_max = max;
      EXPECT_EQ(rows(wanted), whole) << max << " slots a page";
      wanted.slots_max = Queries::kCoverageSlotsMax;
      wanted.rows_max = max;
      EXPECT_EQ(rows(wanted), whole) << max << " rows a page";
      wanted.rows_max = Queries::kUsageRowsMax;
    }
  }
}

TEST_F(CoverageQueryTest, APageIsBounded) {
  Queries::CoverageRequest wanted = request("2026-11", UsageBy::kSlot);
  wanted.machine = MachineId{"web-0"};
  wanted.slots_max = 4;
  const CoveragePage first = page(wanted);
  ASSERT_EQ(first.machines.size(), 1U);
  EXPECT_EQ(first.machines[0].rows.size(), 4U);
  EXPECT_EQ(first.next,
            (UsageCursor{MachineId{"web-0"}, Slot::parse("2026-11-22T09:00:00Z").value()}));
}

TEST_F(CoverageQueryTest, IsServedInPagesAndRefusesWhatItDoesNotKnow) {
  const std::string body = bench_.get("/api/v1/coverage");
  EXPECT_THAT(body, HasSubstr(R"({"by":"period","period":"2026-11","machines":[)"
                              R"({"machine":"Machine_B","coverage":null},)"
                              R"({"machine":"web-0","coverage":[{"period":"2026-11",)"
                              R"("expected_us":"8100000000","metered_us":"7200000000",)"
                              R"("estimated_us":"0","off_us":"0","missing_us":"900000000",)"
                              R"("metered_percent":"88.89","estimated_percent":"0.00",)"
                              R"("off_percent":"0.00","missing_percent":"11.11"}]})"));
  EXPECT_THAT(body, HasSubstr(R"("next":null})"));
  Queries::CoverageRequest unknown = request("2026-11");
  unknown.machine = MachineId{"web-9"};
  const auto refused = bench_.queries.coverage(bench_.ledger, unknown);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kNotFound);
}

}  // namespace
}  // namespace meterbill
