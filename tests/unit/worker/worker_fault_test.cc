// The real worker over the real ledger on a disk of which every operation fails in turn: what a
// ledger says of itself stays true, and what was read is there once.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <tuple>

#include "adapters/sqlite/sqlite_ledger.h"
#include "report/statement_report.h"
#include "support/fault_runs.h"
#include "support/ledger_dump.h"
#include "support/temp_dir.h"
#include "support/worker_bench.h"

namespace meterbill {
namespace {

constexpr int kBatches = 4;
const char* const kEpochB = "00000000000000000000000000000002";

std::string usage_event(const char* id, const char* quantity) {
  return fmt::format(R"({{"specversion":"1.0","type":"io.meterbill.usage.v1","source":"app",)"
                     R"("id":"{}","subject":"web-1","time":"2026-11-22T10:16:00Z",)"
                     R"("data":{{"scope":"machine","meter":"cpu","quantity":"{}",)"
                     R"("unit":"core_second"}}}})",
                     id, quantity);
}

std::string sample(const char* percent) {
  return fmt::format(R"({{"machine_id":"lab-9","cpu_usage":{},"memory_usage":61.2}})", percent);
}

/// Two routes into one ledger: growth, repetition, samples, events, what is refused, and a name
/// that two machines use, which is held from the third batch on.
class WorkerFaultTest : public testing::Test {
 protected:
  struct Process {
    std::unique_ptr<SqliteLedger> ledger;
    ScriptedSource kafka{"kafka:test/resource_usage", Route::kKafka};
    ScriptedSource http{"http", Route::kHttp};
    SilentEvents events;
    std::unique_ptr<Worker> worker;
  };

  WorkerFaultTest() {
    const auto reading = [this](const ReadingSpec& spec) {
      const OutgoingMessage message = message_of(spec);
      return Delivery{message.key, message.value, false, message.headers, bench_.clock.now().utc};
    };
    const auto text = [this](std::string value, bool is_event = false) {
      Delivery delivery;
      delivery.value = std::move(value);
      if (is_event) delivery.headers = {{"content-type", "application/cloudevents+json"}};
      delivery.recorded = bench_.clock.now().utc;
      return delivery;
    };
    topic_ = {
        {reading({.scopes_cpu_s = {{"service:a", 3}, {"service:b", 4}}}), text(sample("37.5")),
         text("{nonsense")},
        {reading({.seconds = 120, .cpu_s = 25, .scopes_cpu_s = {{"service:a", 9}}}), reading({}),
         text(usage_event("event-1", "1.5"), true), reading({.seconds = 60, .cpu_s = 100'000})},
        {reading({.epoch = kEpochB, .boot = "boot-b", .seconds = 900, .cpu_s = 50}),
         text(usage_event("event-1", "1.5"), true), text(sample("12.3"))},
        {reading(
             {.machine = "web-2", .slot = "2026-11-22T10:00:00Z", .seconds = 900, .final = true}),
         text(sample("1")), text(usage_event("event-2", "2"), true)}};
    requests_ = {text(structured(message_of({.machine = "by-http", .cpu_s = 7})), true),
                 text(structured(message_of({.machine = "by-http", .cpu_s = 9})), true)};
  }
  void TearDown() override { process_.reset(); }

  void new_disk() {
    process_.reset();
    disk_.reset();
    disk_ = std::make_unique<MemoryDisk>(folder_.path().string() + "/");
    published_ = 0;
  }

  /// A new process, up to where both sources are claimed and what is published is put in.
  Result<void> start() {
    process_ = std::make_unique<Process>();
    MB_TRY(process_->ledger, SqliteLedger::open(disk_->folder() + "ledger.db", {}, bench_.clock));
    process_->worker = std::make_unique<Worker>(
        *process_->ledger, bench_.clock,
        [this](const MeterName& meter, Slot slot) {
          return bench_.book.segment_start(meter, slot);
        },
        bench_.book.segments_text(), price_use_.emplace(bench_.book, plain_digest),
        process_->events, std::vector<Source*>{&process_->http, &process_->kafka},
        WorkerSettings{.retry_us = 0, .maintain_us = 0});
    MB_TRYV(process_->worker->open());
    MB_TRYV(process_->worker->step());
    const auto& started = process_->kafka.started;
    const std::int64_t from = started.empty() ? 0 : started.front().next_offset;
    std::int64_t offset = 0;
    for (int batch = 0; batch < published_; ++batch)
      for (const Delivery& delivery : topic_[static_cast<std::size_t>(batch)])
        if (offset++ >= from) process_->kafka.put_again(delivery, offset - 1);
    return ok();
  }

  /// Publishes a batch and has it applied. In the second and the last something comes by HTTP too.
  Result<void> apply_next() {
    std::int64_t offset = 0;
    for (int batch = 0; batch < published_; ++batch)
      offset += static_cast<std::int64_t>(topic_[static_cast<std::size_t>(batch)].size());
    for (const Delivery& delivery : topic_[static_cast<std::size_t>(published_)])
      process_->kafka.put_again(delivery, offset++);
    ++published_;
    if (published_ % 2 == 0) ask();
    return settle();
  }
  /// The same request under the same number, in whatever process.
  void ask() {
    const int number = published_ / 2 - 1;
    process_->http.put_again(requests_[static_cast<std::size_t>(number)], number);
  }
  Result<void> settle() {
    for (;;) {
      MB_TRY(const bool worked, process_->worker->step());
      if (!worked) return ok();
    }
  }

  /// The statement of the month; totals are those of the rows, under what is held.
  std::string check_totals() {
    const Period month = month_of(bench_.clock.now().utc, bench_.book.zone()).value();
    std::string texts[2];
    for (const LinesFrom from : {LinesFrom::kTotals, LinesFrom::kSlots}) {
      const auto statement = bench_.queries.statement(*process_->ledger, month, std::nullopt,
                                                      bench_.clock.now().utc, from, {});
      EXPECT_TRUE(statement) << statement.error().message;
      if (!statement) return "";
      texts[from == LinesFrom::kTotals ? 0 : 1] =
          statement_json(statement.value(), bench_.book.zone());
    }
    EXPECT_EQ(texts[0], texts[1]);
    return texts[0];
  }

  /// The bill and what became of each item, and of the requests.
  std::string told() {
    std::string text = check_totals();
    const auto counted = process_->ledger->counts().value();
    for (const auto& [source, counts] : counted)
      text +=
          fmt::format("\n{} {} {} {}", source, counts.applied, counts.repeated, counts.quarantined);
    return text + fmt::format("\n{} answers", process_->http.answers.size());
  }

  static std::string plain_digest(std::string_view text) { return std::string(text); }

  WorkerBench bench_;  // for its clock, book and queries
  std::vector<std::vector<Delivery>> topic_;
  std::vector<Delivery> requests_;
  TempDir folder_;
  std::unique_ptr<MemoryDisk> disk_;
  std::optional<PriceUse> price_use_;
  std::unique_ptr<Process> process_;
  int published_ = 0;  // batches
};

class WorkerFaultSweep : public WorkerFaultTest,
                         public testing::WithParamInterface<std::tuple<DiskFault, Aftermath>> {
 protected:
  std::vector<std::string> states() {
    new_disk();
    EXPECT_TRUE(start());
    std::vector<std::string> found{dump(*process_->ledger)};
    while (published_ < kBatches) {
      EXPECT_TRUE(apply_next());
      check_totals();
      found.push_back(dump(*process_->ledger));
    }
    return found;
  }

  /// Batches that were acknowledged: the step returned, so the position was told and HTTP answered.
  int play() {
    if (!start()) return 0;
    while (published_ < kBatches)
      if (!apply_next() || !process_->worker->status().ready) return published_ - 1;
    return published_;
  }

  bool one(FaultRun run, const std::vector<std::string>& states) {
    new_disk();
    disk_->arm(std::get<DiskFault>(GetParam()), run.nth);
    const int acknowledged = play();
    const bool struck = disk_->has_struck();
    end_process(*disk_, std::get<Aftermath>(GetParam()), run, [&] { process_.reset(); });
    // What is published and not in the ledger is put in again from the stored position.
    const auto started = start();
    EXPECT_TRUE(started) << started.error().message;
    if (!started) return struck;
    const std::string recovered = dump(*process_->ledger);
    int stored = 0;
    while (stored < kBatches && recovered != states[static_cast<std::size_t>(stored)]) ++stored;
    EXPECT_EQ(recovered, states[static_cast<std::size_t>(stored)]);
    EXPECT_GE(stored, acknowledged);
    EXPECT_LE(stored, acknowledged + 1);
    check_totals();
    // Who was not answered asks again.
    if (stored < published_ && published_ % 2 == 0) ask();
    EXPECT_TRUE(settle());
    while (published_ < kBatches) EXPECT_TRUE(apply_next());
    EXPECT_EQ(dump(*process_->ledger), states.back());
    check_totals();
    return struck;
  }
};

/// With empty commits, by which a worker finds that there is space again, numbers differ.
TEST_F(WorkerFaultTest, AFullDiskIsWaitedOutWhereverItBegins) {
  new_disk();
  ASSERT_TRUE(start());
  while (published_ < kBatches) ASSERT_TRUE(apply_next());
  const std::string expected = told();
  int refused = 0;
  const auto free_space = [&] {
    if (process_->worker->status().ready) return;
    ++refused;
    // Each request is of one item: what is answered is durable, and the other way round.
    const auto counted = process_->ledger->counts().value();
    const auto http = counted.find("http");
    const std::int64_t durable = http == counted.end() ? 0 : http->second.read();
    EXPECT_EQ(process_->http.answers.size(), static_cast<std::size_t>(durable));
    disk_->heal();
    EXPECT_TRUE(settle());
    EXPECT_TRUE(process_->worker->status().ready);
  };
  const std::int64_t struck = for_every_nth(1, [&](FaultRun run) {
    new_disk();
    disk_->arm(DiskFault::kFull, run.nth);
    if (!start()) {  // it ends, and is started again when there is space
      disk_->heal();
      EXPECT_TRUE(start());
    }
    free_space();
    while (published_ < kBatches) {
      EXPECT_TRUE(apply_next());
      free_space();
    }
    EXPECT_EQ(told(), expected);
    return disk_->has_struck();
  });
  std::cout << struck << " operations, " << refused << " refusals\n";
  EXPECT_GE(struck, 100);
  EXPECT_GE(refused, 20);
}

TEST_P(WorkerFaultSweep, TheLedgerIsOneOfItsStatesAndEndsAsWithoutFaults) {
  const std::vector<std::string> all = states();
  EXPECT_NE(all.back().find("\nhold "), std::string::npos);
  EXPECT_NE(all.back().find("\nitem "), std::string::npos);
  const std::int64_t struck = for_every_nth(1, [&](FaultRun run) { return one(run, all); });
  std::cout << struck << " operations, each of which failed\n";
  EXPECT_GE(struck, std::get<DiskFault>(GetParam()) == DiskFault::kSyncError ? 12 : 100);
}

INSTANTIATE_TEST_SUITE_P(Faults, WorkerFaultSweep,
                         testing::Values(std::tuple(DiskFault::kWriteError, Aftermath::kKill),
                                         std::tuple(DiskFault::kFull, Aftermath::kKill),
                                         std::tuple(DiskFault::kFull, Aftermath::kPowerCut),
                                         std::tuple(DiskFault::kSyncError, Aftermath::kPowerCut),
                                         std::tuple(DiskFault::kCrash, Aftermath::kKill),
                                         std::tuple(DiskFault::kCrash, Aftermath::kPowerCut)),
                         [](const auto& param) {
                           return fmt::format("{}Then{}", to_string(std::get<0>(param.param)),
                                              to_string(std::get<1>(param.param)));
                         });

}  // namespace
}  // namespace meterbill
