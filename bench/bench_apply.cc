#include "bench_apply.h"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>

#include "adapters/kafka/kafka_message.h"
#include "adapters/openssl/sha256.h"
#include "adapters/sqlite/sqlite_ledger.h"
#include "adapters/time_zone/host_time_zones.h"
#include "config/load_prices.h"
#include "worker/batch.h"
#include "worker/intake.h"

namespace meterbill::bench {
namespace {

constexpr const char* kName = "kafka:bench/bench";
constexpr std::int32_t kPartitions = 4;
/// As many as a worker polls at once.
constexpr std::int64_t kPortion = IntakeLimits{}.portion_max;

/// Gives out what stands ready.
class Records final : public Source {
 public:
  std::string name() const override { return kName; }
  Route route() const override { return Route::kKafka; }
  Result<void> start(std::vector<PartitionPosition>) override { return ok(); }
  void poll(std::vector<Arrival>&, std::size_t) override {}
  Sha256 digest(const Delivery& delivery) const override { return anchor_digest(delivery); }
  void committed(std::span<const PartitionPosition>) override {}
  void answer(std::int64_t, const Counts&) override {}
  void rejected(const std::string&) override {}
  SourceStatus status() const override { return {}; }
  void on_arrival(std::function<void()>) override {}
  Result<PartitionPosition> accept(std::int32_t) override { return PartitionPosition{}; }
};

class Stopwatch {
 public:
  void start() { from_ = std::chrono::steady_clock::now(); }
  void stop() { spent_ += std::chrono::steady_clock::now() - from_; }
  double seconds() const { return std::chrono::duration<double>(spent_).count(); }

 private:
  std::chrono::steady_clock::time_point from_;
  std::chrono::steady_clock::duration spent_{};
};

std::vector<Arrival> arrivals(const Shape& shape, std::int64_t first, std::int64_t count,
                              std::int64_t start_s) {
  std::vector<Arrival> all;
  all.reserve(static_cast<std::size_t>(count));
  for (std::int64_t number = first; number < first + count; ++number) {
    Message made = message(shape, number, start_s);
    Arrival& arrival = all.emplace_back();
    arrival.delivery.key = std::move(made.machine);
    arrival.delivery.value = std::move(made.value);
    arrival.delivery.recorded = {(start_s + number / shape.machines) * 1'000'000};
    arrival.position = {static_cast<std::int32_t>(number % kPartitions), number / kPartitions};
  }
  return all;
}

Result<void> run(const std::string& folder, const Shape& shape, std::int64_t count,
                 std::int64_t batch_size, std::int64_t start_s) {
  const SystemClock clock;
  const HostTimeZones zones(sha256_hex);
  MB_TRY(const LoadedPrices prices, load_prices("", zones, sha256_hex));
  const std::string path = (std::filesystem::path(folder) / "ledger.db").string();
  MB_TRY(const auto ledger, SqliteLedger::open(path, {}, clock));
  MB_TRY(const Dictionary dictionary, ledger->dictionary());
  LedgerMemory memory(dictionary);
  MB_TRY(const Claim claim, ledger->claim(kName));
  const SegmentOf segment_of = [&](const MeterName& meter, Slot slot) {
    return prices.book.segment_start(meter, slot);
  };
  Records records;
  std::map<std::int32_t, PartitionPosition> positions;
  Stopwatch decode, merge, commit;
  for (std::int64_t done = 0; done < count; done += batch_size) {
    const UtcTime now = clock.now().utc;
    Batch batch(*ledger, memory, segment_of, now);
    const std::int64_t end = std::min(done + batch_size, count);
    for (std::int64_t at = done; at < end; at += kPortion) {
      std::vector<SourceBatch> portion(1);
      portion[0].source = kName;
      portion[0].arrivals = arrivals(shape, at, std::min(kPortion, end - at), start_s);
      portion[0].positions = positions;
      portion[0].digests = &records;
      batch.follow(portion);
      decode.start();
      Items items = read_items(portion, now, std::nullopt);
      decode.stop();
      merge.start();
      MB_TRYV(batch.take(portion, std::move(items), now));
      merge.stop();
    }
    merge.start();
    MB_TRYV(batch.finish());
    merge.stop();
    if (!batch.write().quarantine.empty())
      return fail(Code::kInvalid, batch.write().quarantine.front().rejection.detail);
    commit.start();
    MB_TRY(const CommitOutcome outcome, ledger->commit(batch.write(), {{kName, claim.fence}}));
    commit.stop();
    if (outcome != CommitOutcome::kCommitted) return fail(Code::kUnavailable, "not committed");
    for (const PartitionPosition& position : batch.write().positions[kName])
      positions[position.partition] = position;
    batch.remember();
    MB_TRYV(ledger->maintain(now));
  }
  const auto each = [&](const Stopwatch& watch) {
    return watch.seconds() * 1e6 / static_cast<double>(count);
  };
  fmt::print("{{\"decode_us\":{:.3f},\"merge_us\":{:.3f},\"commit_us\":{:.3f}}}\n", each(decode),
             each(merge), each(commit));
  return ok();
}

}  // namespace

std::string apply(const std::string& folder, const Shape& shape, std::int64_t count,
                  std::int64_t batch, std::int64_t start_s) {
  const auto ran = run(folder, shape, count, batch, start_s);
  return ran ? "" : ran.error().message;
}

}  // namespace meterbill::bench
