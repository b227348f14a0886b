#include "bench_ledger.h"

#include <fmt/format.h>

#include <filesystem>

#include "adapters/openssl/sha256.h"
#include "adapters/sqlite/sqlite_ledger.h"
#include "adapters/time_zone/host_time_zones.h"
#include "config/load_prices.h"
#include "worker/batch.h"

namespace meterbill::bench {
namespace {

constexpr std::int64_t kDaySlots = 96, kGroup = 100;  // of one commit: slots, machines
constexpr std::int64_t kCores = 8, kMemoryKib = 32 << 20;
constexpr const char* kSource = "http";

/// A number below `limit` that looks like any other, the same each time.
std::int64_t some(std::int64_t seed, std::int64_t limit) {
  auto bits = static_cast<std::uint64_t>(seed) * 0x9E3779B97F4A7C15U;
  bits = (bits ^ bits >> 29U) * 0xBF58476D1CE4E5B9U;
  return static_cast<std::int64_t>((bits ^ bits >> 32U) % static_cast<std::uint64_t>(limit));
}

class Filler {
 public:
  Filler(const LedgerShape& shape, LedgerStore& store, LedgerMemory& memory, const PriceBook& book)
      : shape_(shape), store_(store), memory_(memory), book_(book) {
    for (std::int64_t part = 1; part <= shape.scopes; ++part)
      parts_.emplace_back(fmt::format("service:app-{:02}.service", part));
  }

  Result<void> run() {
    MB_TRYV(store_.replace_totals({}, sha256_hex(book_.segments_text()), {}));
    MB_TRY(const Claim claim, store_.claim(kSource));
    for (std::int64_t slot = 0; slot < shape_.slots; slot += kDaySlots)
      for (std::int64_t machine = 0; machine < shape_.machines; machine += kGroup) {
        MB_TRYV(commit(slot, machine, claim.fence));
      }
    return ok();
  }

 private:
  Result<void> commit(std::int64_t first_slot, std::int64_t first_machine, std::int64_t fence) {
    const std::int64_t slots = std::min(first_slot + kDaySlots, shape_.slots);
    const std::int64_t machines = std::min(first_machine + kGroup, shape_.machines);
    Items items;
    for (std::int64_t machine = first_machine; machine < machines; ++machine)
      for (std::int64_t slot = first_slot; slot < slots; ++slot) add(machine, slot, items);
    std::vector<SourceBatch> batches(1);
    batches[0].source = kSource;
    batches[0].route = Route::kHttp;
    batches[0].arrivals.resize(items.heads.size());
    const UtcTime now = slot_at(slots).start();
    const SegmentOf segment_of = [this](const MeterName& meter, Slot slot) {
      return book_.segment_start(meter, slot);
    };
    Batch batch(store_, memory_, segment_of, now);
    MB_TRYV(batch.apply(batches, std::move(items)));
    if (!batch.write().quarantine.empty())
      return fail(Code::kInvalid, batch.write().quarantine.front().rejection.detail);
    MB_TRY(const CommitOutcome outcome, store_.commit(batch.write(), {{kSource, fence}}));
    if (outcome != CommitOutcome::kCommitted) return fail(Code::kUnavailable, "not committed");
    batch.remember();
    return store_.maintain(now);
  }

  void add(std::int64_t machine, std::int64_t slot, Items& items) const {
    const std::size_t head = items.heads.size();
    Sighting seen;
    seen.at = slot_at(slot + 1).start();
    items.heads.push_back({.machine = MachineId{fmt::format("bench-{:06}", machine)},
                           .epoch = EpochId{fmt::format("{:032x}", machine + 1)},
                           .boot = BootId{fmt::format("boot-{}", machine)},
                           .labels = {{"site", fmt::format("lab-{}", machine % 3)}},
                           .seen = seen});
    const std::int64_t seed = (machine * shape_.slots + slot) * (shape_.scopes + 1) * 4;
    const std::int64_t us = Slot::kMicroseconds;
    MeterTotals used = of_scope(seed, shape_.scopes + 1);
    used[MeterName{"cpu_capacity"}] = us * kCores;
    used[MeterName{"memory_capacity"}] = Slot::kSeconds * kMemoryKib;
    used[MeterName{"uptime"}] = us;
    Reading whole{.slot = slot_at(slot),
                  .scope = machine_scope(),
                  .cover = Cover{.from_us = slot * us, .to_us = (slot + 1) * us, .metered_us = us},
                  .final = true,
                  .scopes = shape_.scopes + 1,
                  .used = std::move(used)};
    items.readings.push_back({{0, head, 0}, head, std::move(whole)});
    for (std::int64_t part = 0; part < shape_.scopes; ++part)
      items.readings.push_back({{0, head, static_cast<std::int32_t>(part + 1)},
                                head,
                                {.slot = slot_at(slot),
                                 .scope = parts_[static_cast<std::size_t>(part)],
                                 .cover = std::nullopt,
                                 .final = true,
                                 .scopes = 0,
                                 .used = of_scope(seed + (part + 1) * 4, 1)}});
  }

  /// Up to so many shares of a machine that has one more share than scopes.
  [[nodiscard]] MeterTotals of_scope(std::int64_t seed, std::int64_t shares) const {
    const std::int64_t all = shape_.scopes + 2;
    const std::int64_t cpu = Slot::kMicroseconds * kCores / all;
    const std::int64_t memory = Slot::kSeconds * kMemoryKib / all;
    // The whole has at least what its parts can have.
    const std::int64_t least = shares - 1;
    return {{MeterName{"cpu"}, cpu * least + some(seed, cpu)},
            {MeterName{"disk_read"}, some(seed + 1, 5'000'000'000) * shares},
            {MeterName{"memory"}, memory * least + some(seed + 2, memory)},
            {MeterName{"net_out"}, some(seed + 3, 2'000'000'000) * shares}};
  }

  [[nodiscard]] Slot slot_at(std::int64_t index) const {
    return Slot::containing({shape_.start_s * 1'000'000}).plus(index);
  }

  const LedgerShape& shape_;
  LedgerStore& store_;
  LedgerMemory& memory_;
  const PriceBook& book_;
  std::vector<ScopeName> parts_;
};

Result<void> fill(const std::string& folder, const std::string& prices_path,
                  const LedgerShape& shape) {
  const SystemClock clock;
  const HostTimeZones zones(sha256_hex);
  MB_TRY(const LoadedPrices prices, load_prices(prices_path, zones, sha256_hex));
  const std::string path = (std::filesystem::path(folder) / "ledger.db").string();
  MB_TRY(const auto ledger, SqliteLedger::open(path, {.evidence_bytes_max = 1 << 20}, clock));
  MB_TRY(const Dictionary dictionary, ledger->dictionary());
  LedgerMemory memory(dictionary);
  MB_TRYV(Filler(shape, *ledger, memory, prices.book).run());
  MB_TRY(const LedgerFacts facts, ledger->facts());
  fmt::print("{{\"rows\":{},\"bytes\":{}}}\n", shape.machines * shape.slots, facts.bytes);
  return ok();
}

}  // namespace

std::string fill_ledger(const std::string& folder, const std::string& prices,
                        const LedgerShape& shape) {
  const auto filled = fill(folder, prices, shape);
  return filled ? "" : filled.error().message;
}

}  // namespace meterbill::bench
