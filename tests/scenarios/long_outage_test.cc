// Thirty days without a worker, a hundred scopes, a spool of 16 MiB: the real metering core, spool,
// sender, worker and ledger under a virtual clock, from counters to the bill.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <iostream>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "adapters/sqlite/sqlite_ledger.h"
#include "adapters/sqlite/sqlite_spool.h"
#include "agent/metering.h"
#include "agent/sender.h"
#include "base/checked.h"
#include "support/fake_sink.h"
#include "support/manual_clock.h"
#include "support/memory_disk.h"
#include "support/recording_events.h"
#include "support/temp_dir.h"
#include "support/worker_bench.h"
#include "wire/encode.h"

namespace meterbill {
namespace {

constexpr std::int64_t kTickUs = 300'000'000;
constexpr std::int64_t kTickSeconds = 300;
constexpr std::int64_t kCapBytes = 16 * 1'048'576;
/// Beside it: SQLite writes the log back at 4 MiB, and what one tick adds to that is small.
constexpr std::int64_t kLogMaxBytes = std::int64_t{5} << 20;
constexpr int kDays = 30;
constexpr int kSlotsOfDay = 96;
constexpr std::int64_t kCores = 8;
constexpr std::int64_t kMemoryKib = 67'108'864;

const MeterName kCpu{"cpu"};
const MeterName kMemory{"memory"};
const ScopeName kOther{"other"};
const ScopeName kUnattributed{"unattributed"};

/// What a slot's scopes used, by the counters alone.
using Parts = std::map<ScopeName, MeterTotals>;

/// A machine whose counters are known, its agent, and a sink that is there or not.
class Machine {
 public:
  explicit Machine(const std::string& folder) : spool_path_(folder + "spool.db") {
    for (std::uint64_t i = 0; i < 100; ++i)
      scopes_.emplace_back(fmt::format("service:render.slice/render-job-{:02}.slice/{:064x}.scope",
                                       i, (i + 1) * 0x9e3779b97f4aULL));
    start();
  }

  FakeSink sink;
  std::map<Slot, Parts> truth;                 ///< `machine` among them
  std::set<std::pair<Slot, ScopeName>> known;  ///< left the machine under its own name

  [[nodiscard]] ManualClock& clock() { return clock_; }
  [[nodiscard]] SqliteSpool& spool() { return *spool_; }
  [[nodiscard]] const std::string& spool_path() const { return spool_path_; }

  void start() {
    auto opened =
        SqliteSpool::open(spool_path_, {.page_count_max = kCapBytes / 4'096}, clock_.now().utc);
    ASSERT_TRUE(opened) << opened.error().message;
    ASSERT_EQ(opened.value().damaged, "");
    spool_ = std::move(opened.value().spool);
    shared_ = std::make_unique<Guarded<Spool*>>(spool_.get());
    metering_ = std::make_unique<Metering>(
        MeteringOptions{
            .interval_us = kTickUs, .built = {}, .labels = {}, .machine = MachineId("render-1")},
        BootId("boot-1"), spool_->load().value(),
        [this] { return EpochId(fmt::format("{:032x}", ++epochs_)); });
    sender_ = std::make_unique<Sender>(
        EpochId(fmt::format("{:032x}", epochs_ + 1)),
        SenderParts{.spool = *shared_,
                    .sink = sink,
                    .clock = clock_,
                    .events = events_,
                    .encode =
                        [this](const MessageFrame& frame, std::span<const Reading> readings,
                               std::int64_t seq) {
                          for (const Reading& reading : readings)
                            if (reading.scope != kOther)
                              known.insert({reading.slot, reading.scope});
                          return encode(frame, readings, seq);
                        },
                    .random = [this] { return random_(); }});
    active_.clear();
    tick(std::nullopt);
  }
  void stop() {
    active_.clear();
    tick(EndMark::kOperator);
    spool_.reset();
  }
  /// The host works on while the agent is down: nobody knows for whom, nor in how much memory.
  void run_slot_without_agent() {
    const Slot slot = Slot::containing(clock_.now().utc);
    clock_.advance(Slot::kMicroseconds);
    busy_us_ += 1'234'567;
    truth[slot][machine_scope()][kCpu] += 1'234'567;
  }
  /// Ticks until the slot's end.
  void run_slot() {
    choose_awake();
    for (int i = 0; i < Slot::kMicroseconds / kTickUs; ++i) {
      clock_.advance(kTickUs);
      use();
      tick(std::nullopt);
    }
  }
  Round send() { return sender_->round({}); }

 private:
  /// Some scopes always work, some every other slot, most of them seldom.
  void choose_awake() {
    awake_.clear();
    for (std::size_t i = 0; i < scopes_.size(); ++i)
      if (i < 10 || random_() % (i < 40 ? 4 : 16) == 0) awake_.push_back(scopes_[i]);
  }
  /// Of what the host's counters say, each active scope has a part, and `unattributed` the rest.
  void use() {
    const Slot slot = Slot::containing({clock_.now().utc.us - 1});
    Parts& parts = truth[slot];
    std::int64_t cpu = static_cast<std::int64_t>(random_() % (kCores * kTickUs));
    std::int64_t memory = used_kib_ * kTickSeconds;
    busy_us_ += cpu;
    parts[machine_scope()][kCpu] += cpu;
    parts[machine_scope()][kMemory] += memory;
    active_.clear();
    for (std::size_t i = 0; i < awake_.size(); ++i)
      if (i < 10 || random_() % 2 == 0) active_.push_back(awake_[i]);
    active_.push_back(kUnattributed);
    for (const ScopeName& scope : active_) {
      const bool is_rest = scope == kUnattributed;
      const std::int64_t some_cpu = is_rest ? cpu : cpu / 20 * std::int64_t(random_() % 2 + 1);
      const std::int64_t some_memory = is_rest ? memory : memory / 30;
      parts[scope][kCpu] += some_cpu;
      parts[scope][kMemory] += some_memory;
      cpu -= some_cpu;
      memory -= some_memory;
    }
    used_kib_ = static_cast<std::int64_t>(random_() % kMemoryKib);
  }
  void tick(std::optional<EndMark> end) {
    HostSample sample;
    sample.cpu = CpuCounter{.busy_us = busy_us_, .cores = kCores};
    sample.memory = MemoryGauge{.total_kib = kMemoryKib, .used_kib = used_kib_};
    ASSERT_EQ(metering_->tick(clock_.now(), sample).state, TickState::kMetered);
    auto record = metering_->record(end);
    if (!record) return;
    const Slot slot = Slot::containing({clock_.now().utc.us - 1});
    for (const ScopeName& scope : active_) {
      Reading& part = record->epochs.back().readings.emplace_back();
      part.slot = slot;
      part.scope = scope;
      part.used = truth[slot][scope];
    }
    const auto saved = spool_->save(*record);
    ASSERT_TRUE(saved) << saved.error().message;
    metering_->saved();
  }

  std::string spool_path_;
  ManualClock clock_{{.utc = parse_utc("2026-11-01T00:00:00Z").value(),
                      .monotonic_us = kTickUs,
                      .boot_us = kTickUs}};
  std::mt19937_64 random_{202'611};
  std::vector<ScopeName> scopes_;
  std::vector<ScopeName> awake_;   // in this slot
  std::vector<ScopeName> active_;  // in this tick
  std::int64_t busy_us_ = 0;
  std::int64_t used_kib_ = kMemoryKib / 2;
  int epochs_ = 0;
  RecordingEvents events_;
  std::unique_ptr<SqliteSpool> spool_;
  std::unique_ptr<Guarded<Spool*>> shared_;
  std::unique_ptr<Metering> metering_;
  std::unique_ptr<Sender> sender_;
};

/// A worker with its ledger.
class Billing {
 public:
  Billing(const std::string& folder, const ManualClock& clock)
      : book_(bench_book("1")),
        price_use_(book_, [](std::string_view text) { return std::string(text); }),
        queries_(book_, {"test", "digest"}),
        clock_(clock),
        ledger_(std::move(SqliteLedger::open(folder + "ledger.db", {}, clock).value())),
        worker_(
            *ledger_, clock,
            [this](const MeterName& meter, Slot slot) { return book_.segment_start(meter, slot); },
            book_.segments_text(), price_use_, events_, {&kafka_}, WorkerSettings{}) {
    EXPECT_TRUE(worker_.open());
  }

  void take(const std::vector<OutgoingMessage>& messages) {
    for (const OutgoingMessage& message : messages)
      kafka_.put({message.key, message.value, false, message.headers, clock_.now().utc});
    for (;;) {
      const auto worked = worker_.step();
      ASSERT_TRUE(worked) << worked.error().message;
      if (!worked.value()) return;
    }
  }
  [[nodiscard]] std::int64_t quarantined() {
    return worker_.status().sources[0].counts.quarantined;
  }
  [[nodiscard]] std::string cost(UtcTime in_month) {
    return to_string(queries_.cost(*ledger_, MachineId("render-1"), in_month).value().cost);
  }
  /// Of the one machine, by name; each slot is of one epoch, and complete.
  std::map<Slot, Parts> usage() {
    const Dictionary names = ledger_->dictionary().value();
    std::map<Slot, Parts> usage;
    const SlotRange all{Slot::parse("2026-11-01T00:00:00Z").value(),
                        Slot::parse("2026-12-01T00:00:00Z").value()};
    EXPECT_EQ(names.machines.size(), 1U);
    EXPECT_TRUE(ledger_->rows(
        names.machines.begin()->first, all, [&](Slot slot, const UsageRow& row) -> Result<void> {
          EXPECT_EQ(row.by_epoch.size(), 1U) << to_string(slot);
          for (const auto& [epoch, used] : row.by_epoch) {
            EXPECT_TRUE(used.complete()) << to_string(slot);
            EXPECT_EQ(used.scopes, static_cast<std::int64_t>(used.by_scope.size()))
                << to_string(slot);
            for (const auto& [scope, of_scope] : used.by_scope)
              for (const auto& [meter, total] : of_scope.used)
                usage[slot][names.scopes.at(scope)][names.meters.at(meter)] = total;
          }
          return ok();
        }));
    return usage;
  }

 private:
  PriceBook book_;
  PriceUse price_use_;
  Queries queries_;
  const ManualClock& clock_;
  ScriptedSource kafka_{"kafka:test/resource_usage", Route::kKafka};
  SilentEvents events_;
  std::unique_ptr<SqliteLedger> ledger_;
  Worker worker_;
};

std::int64_t value_of(const MeterTotals& used, const MeterName& meter) {
  const auto found = used.find(meter);
  return found == used.end() ? 0 : found->second;
}

/// Every part is there under its own name, to the unit, or its use is in `other`.
std::int64_t expect_parts(Slot slot, const Parts& truth, const Parts& billed) {
  std::int64_t folded = 0;
  MeterTotals in_other;
  for (const auto& [scope, used] : truth) {
    if (scope == machine_scope()) continue;
    if (const auto own = billed.find(scope); own != billed.end()) {
      EXPECT_EQ(own->second, used) << to_string(slot) << ' ' << scope.str();
      continue;
    }
    ++folded;
    for (const auto& [meter, total] : used) in_other[meter] += total;
  }
  const auto other = billed.find(kOther);
  EXPECT_EQ(other == billed.end() ? MeterTotals{} : other->second, in_other) << to_string(slot);
  for (const auto& [scope, used] : billed)
    EXPECT_TRUE(scope == kOther || truth.contains(scope)) << to_string(slot) << ' ' << scope.str();
  return folded;
}

TEST(LongOutageTest, ThirtyDaysOfAHundredScopesInSixteenMebibytesAreBilledExactly) {
  const TempDir dir;
  MemoryDisk disk(dir.path().string() + "/");
  Machine machine(disk.folder());
  std::vector<OutgoingMessage> received;
  bool is_there = true;
  machine.sink.answer = [&](const OutgoingMessage& message) {
    if (!is_there) return FakeSink::report(Fate::kLater, "refused");
    received.push_back(message);
    return FakeSink::report(Fate::kDelivered);
  };

  std::set<Slot> offered_unfolded;  // before anything was folded
  std::optional<Folded> told;
  std::int64_t largest_log = 0;
  for (int day = 0; day < kDays; ++day)
    for (int slot = 0; slot < kSlotsOfDay; ++slot) {
      // The first two hours somebody is there, then nobody, but for a while on the twelfth day.
      is_there = (day == 0 && slot < 8) || (day == 12 && slot == 40);
      if (day == 20 && slot == 50) {
        machine.stop();
        machine.run_slot_without_agent();
        machine.start();
        EXPECT_EQ(machine.spool().counts().value().folded, told) << "after a restart";
        continue;
      }
      machine.run_slot();
      for (int round = 0; is_there && round < (day == 12 ? 10 : 1); ++round)
        EXPECT_EQ(machine.send(), Round::kProgress);
      // One more try now and then: what it takes is known outside from here on.
      if (!is_there && slot % 24 == 8) {
        EXPECT_EQ(machine.send(), Round::kBlocked);
      }
      told = machine.spool().counts().value().folded;
      if (!told)
        for (const auto& [of, scope] : machine.known) offered_unfolded.insert(of);
      ASSERT_LE(static_cast<std::int64_t>(disk.find(machine.spool_path())->now.size()), kCapBytes);
      if (const auto log = disk.find(machine.spool_path() + "-wal"))
        largest_log = std::max(largest_log, static_cast<std::int64_t>(log->now.size()));
    }
  ASSERT_TRUE(told && told->going_on_since);
  std::cout << "log of at most " << largest_log << " bytes\n";
  EXPECT_LE(largest_log, kLogMaxBytes);
  EXPECT_GT(offered_unfolded.size(), 12U);

  machine.stop();
  machine.start();
  is_there = true;
  while (machine.send() == Round::kProgress) {
  }
  EXPECT_EQ(machine.spool().counts().value().waiting, 0);

  Billing billing(disk.folder(), machine.clock());
  billing.take(received);
  EXPECT_EQ(billing.quarantined(), 0);
  std::map<Slot, Parts> billed = billing.usage();
  EXPECT_EQ(machine.truth.size(), static_cast<std::size_t>(kDays * kSlotsOfDay));
  std::int64_t folded = 0;
  std::int64_t cpu_us = 0;
  for (const auto& [slot, truth] : machine.truth) {
    const MeterTotals& whole = billed[slot][machine_scope()];
    const MeterTotals& counters = truth.at(machine_scope());
    EXPECT_EQ(value_of(whole, kCpu), value_of(counters, kCpu)) << to_string(slot);
    EXPECT_EQ(value_of(whole, kMemory), value_of(counters, kMemory)) << to_string(slot);
    EXPECT_EQ(value_of(whole, MeterName("uptime")), Slot::kMicroseconds) << to_string(slot);
    billed[slot].erase(machine_scope());
    folded += expect_parts(slot, truth, billed[slot]);
    cpu_us += value_of(counters, kCpu);
    if (offered_unfolded.contains(slot)) {
      EXPECT_FALSE(billed[slot].contains(kOther)) << to_string(slot);
    }
  }
  EXPECT_EQ(billed.size(), machine.truth.size());
  EXPECT_GT(folded, 10'000);
  EXPECT_EQ(told->rows, folded);
  for (const auto& [slot, scope] : machine.known)
    EXPECT_TRUE(scope == machine_scope() || billed[slot].contains(scope))
        << to_string(slot) << ' ' << scope.str() << " changed its place";
  EXPECT_EQ(billing.cost(parse_utc("2026-11-30T12:00:00Z").value()),
            decimal_text(Int256(cpu_us), 6));
}

}  // namespace
}  // namespace meterbill
