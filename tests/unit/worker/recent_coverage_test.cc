// What status and metrics say of the coverage of the last day.
#include "worker/recent_coverage.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <future>

#include "support/worker_bench.h"
#include "worker/coverage_watch.h"
#include "worker/worker_api.h"
#include "worker/worker_metrics.h"

namespace meterbill {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr std::int64_t kSecond = 1'000'000;

std::string text_of(const Coverage& coverage) {
  return fmt::format("{}/{}/{}/{}", coverage.metered_us / kSecond, coverage.estimated_us / kSecond,
                     coverage.off_us / kSecond, coverage.missing_us / kSecond);
}

/// "machine metered/estimated/off/missing", in seconds.
std::vector<std::string> listed(const RecentCoverage& coverage) {
  std::vector<std::string> texts;
  for (const RecentCoverage::Machine& machine : coverage.listed)
    texts.push_back(fmt::format("{} {}", machine.machine.str(), text_of(machine.coverage)));
  return texts;
}

/// 22 November 2026, 10:20: web-0 was metered in all slots from 08:00 to 10:00 but one, web-1 in
/// the half of two; a sample came of Machine_B.
class RecentCoverageTest : public testing::Test {
 protected:
  RecentCoverageTest() {
    const Slot eight = Slot::parse("2026-11-22T08:00:00Z").value();
    for (int slot = 0; slot < 9; ++slot)
      if (slot != 3) put("web-0", eight.plus(slot), 900, 0);
    put("web-1", eight.plus(7), 300, 150);
    put("web-1", eight.plus(8), 300, 150);
    bench_.put_kafka(R"({"machine_id": "Machine_B", "cpu_usage": 12.3, "memory_usage": 61.2})");
    bench_.settle();
  }

  void put(const std::string& machine, Slot slot, std::int64_t seconds, std::int64_t estimated_s) {
    bench_.put_http(message_of({.machine = machine,
                                .boot = "boot-" + machine,
                                .slot = to_string(slot),
                                .from_s = slot.unix_seconds(),
                                .seconds = seconds,
                                .estimated_s = estimated_s}));
  }
  RecentCoverage look(std::size_t machines_a_page = Queries::kUsageRowsMax) {
    return look_at_coverage(bench_.queries, bench_.ledger, bench_.clock, {}, machines_a_page)
        .value();
  }

  WorkerBench bench_;
};

TEST_F(RecentCoverageTest, AllMachinesAreAddedUpAndThoseWithMostMissingTimeComeFirst) {
  const RecentCoverage coverage = look();
  EXPECT_EQ(to_string(coverage.slots.begin), "2026-11-21T10:30:00Z");
  EXPECT_EQ(to_string(coverage.slots.end), "2026-11-22T10:30:00Z");
  EXPECT_EQ(text_of(coverage.sum), "7800/300/0/1350");
  EXPECT_THAT(listed(coverage), ElementsAre("web-0 7200/0/0/900", "web-1 600/300/0/450"));
  EXPECT_EQ(coverage.machines, 2);
  EXPECT_EQ(coverage.with_missing, 2);
  EXPECT_EQ(coverage.with_estimated, 1);
  EXPECT_EQ(coverage.without_time, 1);
  EXPECT_EQ(coverage.not_listed(), 0);
}

TEST_F(RecentCoverageTest, ASlotIsMissingOnlyWhenItHasBeenOverForFiveMinutes) {
  const auto missing_s = [&] { return look().sum.missing_us / kSecond; };
  bench_.clock.advance(15 * 60 * kSecond - 1);  // 10:34:59.999999
  EXPECT_EQ(missing_s(), 1'350);
  bench_.clock.advance(1);
  EXPECT_EQ(missing_s(), 1'350 + 2 * 900);
}

TEST_F(RecentCoverageTest, WhatIsOlderThanADayDoesNotCount) {
  bench_.clock.advance(std::int64_t{24} * 3'600 * kSecond);
  EXPECT_THAT(listed(look()), ElementsAre("web-0 0/0/0/85500", "web-1 0/0/0/85500"));
}

TEST_F(RecentCoverageTest, OfALargeFleetAFewAreListedWhereverPagesAreCut) {
  const Slot ten = Slot::parse("2026-11-22T10:00:00Z").value();
  for (int number = 0; number < 30; ++number) {
    const std::string name = fmt::format("lab-{:02}", number);
    put(name, ten.plus(-1), 900, 0);
    put(name, ten, 880 - number, number % 2);
  }
  bench_.settle();
  const RecentCoverage coverage = look();
  ASSERT_EQ(coverage.listed.size(), RecentCoverage::kListedMax);
  EXPECT_EQ(coverage.machines, 32);
  EXPECT_EQ(coverage.not_listed(), 12);
  EXPECT_EQ(coverage.with_estimated, 16);
  const auto names = listed(coverage);
  EXPECT_EQ(names[0], "web-0 7200/0/0/900");
  EXPECT_EQ(names[1], "web-1 600/300/0/450");
  // As much is missing of both; of lab-29 a second is estimated.
  EXPECT_EQ(names[2], "lab-29 1751/1/0/48");
  EXPECT_EQ(names[3], "lab-28 1752/0/0/48");
  for (const std::size_t machines : {1U, 2U, 7U}) {
    const RecentCoverage paged = look(machines);
    EXPECT_EQ(paged.sum, coverage.sum) << machines;
    EXPECT_EQ(paged.listed, coverage.listed) << machines;
    EXPECT_EQ(paged.machines, coverage.machines) << machines;
    EXPECT_EQ(paged.without_time, coverage.without_time) << machines;
  }
}

TEST_F(RecentCoverageTest, EachPageIsReadFromOneCommit) {
  /// Counts the snapshots that are held, and what is read while none is.
  class WatchedLedger final : public MemoryLedger {
   public:
    using MemoryLedger::MemoryLedger;
    Result<std::unique_ptr<ReadSnapshot>> snapshot() override {
      ++taken;
      MB_TRY(auto inner, MemoryLedger::snapshot());
      return std::unique_ptr<ReadSnapshot>(std::make_unique<Counted>(std::move(inner), held_));
    }
    Result<std::map<MachineKey, MachineFacts>> machines() override {
      note();
      return MemoryLedger::machines();
    }
    Result<void> rows(MachineKey machine, SlotRange range,
                      const std::function<Result<void>(Slot, const UsageRow&)>& each) override {
      note();
      return MemoryLedger::rows(machine, range, each);
    }
    int taken = 0;
    int reads = 0;
    int reads_without = 0;

   private:
    struct Counted final : ReadSnapshot {
      Counted(std::unique_ptr<ReadSnapshot> inner, int& held)
          : inner_(std::move(inner)), held_(held) {
        ++held_;
      }
      ~Counted() override { --held_; }
      std::unique_ptr<ReadSnapshot> inner_;
      int& held_;
    };
    void note() {
      ++reads;
      if (held_ == 0) ++reads_without;
    }
    int held_ = 0;
  };
  WatchedLedger ledger(bench_.ledger.state());
  ASSERT_TRUE(look_at_coverage(bench_.queries, ledger, bench_.clock, {}, 1));
  EXPECT_GT(ledger.taken, 1);  // none holds back the ledger for the whole look
  EXPECT_GT(ledger.reads, 0);
  EXPECT_EQ(ledger.reads_without, 0);
}

TEST_F(RecentCoverageTest, ALookEndsWhenTheWorkerStops) {
  std::stop_source stop;
  stop.request_stop();
  const auto looked =
      look_at_coverage(bench_.queries, bench_.ledger, bench_.clock, stop.get_token());
  ASSERT_FALSE(looked);
  EXPECT_EQ(looked.error().code, Code::kUnavailable);
}

TEST_F(RecentCoverageTest, StatusAndMetricsSayWhatWasSeen) {
  LedgerApiParts parts = bench_.api_parts(bench_.ledger);
  const auto status = [&] {
    Router router(ledger_routes(parts));
    WebRequest request;
    request.method = "GET";
    request.path = "/api/v1/status";
    std::string body;
    router.handle(request, [&](const WebResponse& response) { body = response.body; });
    return body;
  };
  EXPECT_THAT(status(), HasSubstr(R"("coverage":null)"));
  const auto seen = std::make_shared<const RecentCoverage>(look());
  parts.coverage = [seen] { return seen; };
  EXPECT_THAT(
      status(),
      HasSubstr(R"("coverage":{"from":"2026-11-21T10:30:00Z","to":"2026-11-22T10:30:00Z",)"
                R"("looked":"2026-11-22T10:20:00Z","took_ms":0,"machines":2,"with_missing":2,)"
                R"("with_estimated":1,"without_time":1,"expected_us":"9450000000",)"
                R"("metered_us":"7800000000","estimated_us":"300000000","off_us":"0",)"
                R"("missing_us":"1350000000","metered_percent":"82.54",)"
                R"("estimated_percent":"3.17","off_percent":"0.00","missing_percent":"14.29",)"
                R"("worst":[{"machine":"web-0","expected_us":"8100000000",)"));
  const auto metrics = [&](const RecentCoverage* coverage) {
    return worker_metrics(bench_.worker->status(), coverage, {}, "0.1.0",
                          MetricsFormat::kPrometheus);
  };
  EXPECT_THAT(metrics(nullptr), Not(HasSubstr("coverage")));
  for (const char* const line :
       {"meterbill_worker_coverage_seconds{time=\"missing\"} 1350\n",
        "meterbill_worker_machine_coverage_seconds{machine=\"web-1\",time=\"estimated\"} 300\n",
        "meterbill_worker_machine_coverage_left_out 0\n",
        "meterbill_worker_machines_with_missing_time 2\n",
        "meterbill_worker_machines_with_estimated_time 1\n"})
    EXPECT_THAT(metrics(seen.get()), HasSubstr(line));
}

TEST(CoverageWatchTest, LongLooksAreRarer) {
  const auto seconds = [](std::int64_t took_s) {
    return CoverageWatch::pause_after(took_s * kSecond).count() / kSecond;
  };
  EXPECT_EQ(seconds(0), 60);
  EXPECT_EQ(seconds(1), 60);
  EXPECT_EQ(seconds(2), 100);
  EXPECT_EQ(seconds(60), 3'000);
}

TEST_F(RecentCoverageTest, AWatchLooksAtOnceAndTellsOfDamage) {
  class DamagedLedger final : public MemoryLedger {
   public:
    using MemoryLedger::MemoryLedger;
    Result<void> rows(MachineKey, SlotRange,
                      const std::function<Result<void>(Slot, const UsageRow&)>&) override {
      return fail(Code::kDamaged, "a row of web-0");
    }
  };
  std::promise<std::string> told;
  {
    DamagedLedger damaged(bench_.ledger.state());
    CoverageWatch watch([this] { return std::make_shared<const Queries>(bench_.queries); }, damaged,
                        bench_.clock, [&](const Error& error) { told.set_value(error.message); });
    EXPECT_THAT(told.get_future().get(), HasSubstr("web-0"));
    EXPECT_EQ(watch.newest(), nullptr);
  }
  MemoryLedger ledger(bench_.ledger.state());
  CoverageWatch watch([this] { return std::make_shared<const Queries>(bench_.queries); }, ledger,
                      bench_.clock, [](const Error&) { FAIL(); });
  while (watch.newest() == nullptr) std::this_thread::yield();
  EXPECT_EQ(watch.newest()->machines, 2);
  watch.stop();
}

}  // namespace
}  // namespace meterbill
