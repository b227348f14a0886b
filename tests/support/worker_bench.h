#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "domain/price_book.h"
#include "report/usage_printer.h"
#include "support/manual_clock.h"
#include "support/memory_ledger.h"
#include "wire/encode.h"
#include "worker/queries.h"
#include "worker/worker.h"
#include "worker/worker_api.h"

namespace meterbill {

/// A source that hands over what a test puts in and remembers what it was told.
class ScriptedSource final : public Source {
 public:
  ScriptedSource(std::string name, Route route) : name_(std::move(name)), route_(route) {}

  /// Its offset.
  std::int64_t put(Delivery delivery, std::int32_t partition = 0) {
    const std::int64_t offset = next_offset_++;
    waiting_.push_back({std::move(delivery), {partition, offset}, offset});
    return offset;
  }
  /// The same record of partition 0 once more, at its place.
  void put_again(Delivery delivery, std::int64_t offset) {
    waiting_.push_back({std::move(delivery), {0, offset}, offset});
  }

  [[nodiscard]] std::string name() const override { return name_; }
  [[nodiscard]] Route route() const override { return route_; }
  [[nodiscard]] Result<void> start(std::vector<PartitionPosition> positions) override {
    started = std::move(positions);
    return ok();
  }
  void poll(std::vector<Arrival>& into, std::size_t max) override {
    for (std::size_t left = std::min(max, poll_max); !waiting_.empty() && left > 0; --left) {
      const Arrival& next = waiting_.front();
      handed_.push_back({next.delivery, next.position, next.request});
      into.push_back(std::move(waiting_.front()));
      waiting_.erase(waiting_.begin());
    }
  }
  /// The next poll says so, until it is committed.
  void expire(Gap gap) { found_gaps_.push_back(std::move(gap)); }
  [[nodiscard]] std::vector<Gap> take_gaps() override {
    handed_gaps_.insert(handed_gaps_.end(), found_gaps_.begin(), found_gaps_.end());
    return std::exchange(found_gaps_, {});
  }
  [[nodiscard]] Sha256 digest(const Delivery&) const override { return {}; }
  void committed(std::span<const PartitionPosition> positions) override {
    for (const PartitionPosition& position : positions)
      std::erase_if(handed_, [&](const Arrival& given) {
        return given.position.partition == position.partition &&
               given.position.offset < position.next_offset;
      });
    handed_gaps_.clear();
  }
  void answer(std::int64_t request, const Counts& counts) override {
    answers.emplace_back(request, counts);
    std::erase_if(handed_, [&](const Arrival& given) { return given.request == request; });
  }
  void rejected(const std::string& reason) override {
    if (before_rejected) before_rejected();
    rejections.push_back(reason);
    // As both real sources: what was handed over comes again.
    waiting_.insert(waiting_.begin(), std::make_move_iterator(handed_.begin()),
                    std::make_move_iterator(handed_.end()));
    handed_.clear();
    found_gaps_.insert(found_gaps_.begin(), handed_gaps_.begin(), handed_gaps_.end());
    handed_gaps_.clear();
  }
  [[nodiscard]] SourceStatus status() const override {
    return {trouble.empty(), trouble, partitions};
  }
  void on_arrival(std::function<void()> wake) override { wake_ = std::move(wake); }
  [[nodiscard]] Result<PartitionPosition> accept(std::int32_t partition) override {
    PartitionPosition position;
    position.partition = partition;
    position.incarnation = 2;
    position.replay_until = next_offset_;
    unsettled_at_accept = handed_.size();
    return position;
  }

  /// The next record's offset is one more: what was there cannot be read.
  void skip() { ++next_offset_; }

  std::string trouble;  ///< empty: ready
  std::vector<PartitionStatus> partitions;
  std::function<void()> before_rejected;
  std::size_t poll_max = 1'000'000;     ///< handed over by one poll
  std::size_t unsettled_at_accept = 0;  ///< handed over, neither committed nor rejected
  std::vector<PartitionPosition> started;
  std::vector<std::pair<std::int64_t, Counts>> answers;
  std::vector<std::string> rejections;

 private:
  std::string name_;
  Route route_;
  std::int64_t next_offset_ = 0;
  std::vector<Arrival> waiting_;
  std::vector<Arrival> handed_;
  std::vector<Gap> found_gaps_;
  std::vector<Gap> handed_gaps_;
  std::function<void()> wake_;
};

class SilentEvents final : public WorkerEvents {
 public:
  void source_claimed(const std::string&, std::int64_t) override {}
  void source_not_ready(const SourceTrouble& trouble) override { tell(trouble); }
  void source_ready_again(const SourceTrouble& trouble) override { tell(trouble); }
  void records_expired(const Gap& gap) override { gaps.push_back(gap); }
  void ledger_unwritable(const Error&, UtcTime since) override {
    ledger.push_back("not since " + to_string(since));
  }
  void ledger_writable_again(UtcTime since) override {
    ledger.push_back("again, not since " + to_string(since));
  }
  void committed(std::int64_t, std::int64_t) override {}
  void quarantined(const std::string&, const std::string&, const Rejection&,
                   std::int64_t) override {}
  void conflict(const MachineId& machine) override { conflicts.push_back(machine.str()); }
  void decided(const MachineId&, const BootId&, Decision) override {}
  void totals_rebuilt(std::int64_t) override { ++rebuilt; }
  void partition_accepted(const std::string&, std::int32_t) override {}
  void backup_made(const std::string&, const BackupFacts&) override {}
  void backup_failed(const std::string&, const Error&) override {}

  /// "source [partition]: reason, seconds"; without a reason: over.
  std::vector<std::string> troubles;
  std::vector<std::string> conflicts;
  std::vector<std::string> ledger;  ///< what was told of it
  std::vector<Gap> gaps;
  int rebuilt = 0;

 private:
  void tell(const SourceTrouble& trouble) {
    std::string line = trouble.source;
    if (trouble.partition) line += " " + std::to_string(*trouble.partition);
    if (!trouble.reason.empty()) line += ": " + trouble.reason;
    troubles.push_back(line + ", " + std::to_string(trouble.lasted_us / 1'000'000) + " s");
  }
};

/// The prototype's tariff per sample, and machines' cpu at `core_second` USD; zone UTC.
[[nodiscard]] PriceBook bench_book(const char* core_second);

/// A worker over a ledger in memory, with two sources, stepped by hand. The clock stands at 10:20
/// of 22 November 2026.
class WorkerBench {
 public:
  WorkerBench();
  explicit WorkerBench(std::shared_ptr<MemoryLedger::State> state);

  /// Steps until nothing is left to do.
  void settle();
  /// Ends the worker and starts one on the same ledger and sources.
  void restart();
  // As an operator's thread would, while the worker steps.
  [[nodiscard]] Result<void> resolve(const std::string& machine, const std::string& boot,
                                     Decision decision, const std::string& renamed_to = "");
  [[nodiscard]] Result<void> release(std::int64_t quarantine_id);
  [[nodiscard]] Result<void> discard(std::int64_t quarantine_id);
  void put_kafka(const std::string& value);
  void put_http(const OutgoingMessage& message);
  void put_kafka(const OutgoingMessage& message);
  [[nodiscard]] Counts counts() const;
  /// For routes whose questions are answered from `reader`, at once. Both outlive the routes.
  [[nodiscard]] LedgerApiParts api_parts(LedgerReader& reader);
  /// The body that a question to the ledger is answered with: `/api/v1/machines`, …
  [[nodiscard]] std::string get(const std::string& path);
  /// `usage` of this month, followed through pages of so many rows, as it is printed.
  [[nodiscard]] std::string usage(UsageFormat format, UsageBy by,
                                  std::size_t rows_max = Queries::kUsageRowsMax);
  /// `usage --by slot --csv` without its header.
  [[nodiscard]] std::string usage_csv();
  [[nodiscard]] std::string held();
  [[nodiscard]] std::string cost(const std::string& machine);
  /// The reasons in quarantine, oldest first.
  [[nodiscard]] std::vector<std::string> reasons();

  ManualClock clock;
  MemoryLedger ledger;
  ScriptedSource kafka{"kafka:test/resource_usage", Route::kKafka};
  ScriptedSource http{"http", Route::kHttp};
  SilentEvents events;
  WorkerSettings settings;  ///< from the next start on
  PriceBook book;
  PriceUse price_use;
  Queries queries;
  std::unique_ptr<Worker> worker;

 private:
  Result<void> command(const std::function<Result<void>()>& ask);
};

/// One machine's reading of one slot, µs and KiB·s made plausible from a few numbers.
struct ReadingSpec {
  std::string machine = "web-1";
  std::string epoch = "00000000000000000000000000000001";
  std::string boot = "boot-a";
  Labels labels = {};
  std::string slot = "2026-11-22T10:15:00Z";
  std::int64_t from_s = 1'000;
  std::int64_t seconds = 60;  ///< metered so far
  std::int64_t cpu_s = 10;
  std::int64_t estimated_s = 0;
  std::int64_t off_s = 0;
  bool final = false;
  std::string cpu_percent = "12.3";  ///< newest, for display
  /// Scopes besides `machine`, in the same message, and their cpu in seconds.
  std::vector<std::pair<std::string, std::int64_t>> scopes_cpu_s = {};
};
[[nodiscard]] OutgoingMessage message_of(const ReadingSpec& spec);

}  // namespace meterbill
