// Usage and holds are functions of the set of readings received (invariants 1 and 8): whatever was
// lost, repeated, reordered or sent by either route, the dump is the same once each slot's last
// reading has come.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "support/worker_bench.h"

namespace meterbill {
namespace {

/// Random histories of machines that restart, reboot, share a name and change labels. Each epoch's
/// readings of a slot grow; the last of each slot is marked as such by its position in the list.
class History {
 public:
  explicit History(std::uint64_t seed) : random_(seed) {
    for (int machine = 0; machine < 3; ++machine) add_machine("machine-" + std::to_string(machine));
  }

  /// Every reading, the growing ones before the last of their slot.
  [[nodiscard]] const std::vector<ReadingSpec>& all() const { return all_; }
  /// Only the last of each slot and epoch.
  [[nodiscard]] const std::vector<ReadingSpec>& last() const { return last_; }

 private:
  std::int64_t below(std::int64_t limit) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(limit));
  }

  void add_machine(const std::string& name) {
    std::string boot = "boot-" + name;
    std::int64_t boot_s = 1'000;
    for (int epoch = 0; epoch < 4; ++epoch) {
      if (below(4) == 0) {
        boot += "x";
        boot_s = 0;
      }
      add_epoch(name, boot, boot_s, epoch);
      // One in three shares the clock with the epoch before: a cloned disk, or a clock set back.
      if (below(3) != 0) boot_s += 1'800;
    }
  }

  void add_epoch(const std::string& name, const std::string& boot, std::int64_t boot_s, int epoch) {
    ReadingSpec spec;
    spec.machine = name;
    spec.boot = boot;
    spec.labels = {{"run", std::to_string(epoch)}};
    spec.epoch = std::string(31, static_cast<char>('0' + epoch)) + name.back();
    const Slot first = Slot::parse("2026-11-22T08:00:00Z").value().plus(below(6));
    for (int slot = 0; slot < 3; ++slot) {
      spec.slot = to_string(first.plus(slot));
      spec.from_s = boot_s + slot * 900;
      spec.seconds = 1 + below(300);
      spec.cpu_s = below(spec.seconds);
      for (int growth = 0; growth < 3; ++growth) {
        if (growth > 0) {
          spec.seconds += below(200);
          spec.cpu_s += below(3);
        }
        spec.final = growth == 2;
        all_.push_back(spec);
      }
      last_.push_back(spec);
      spec.final = false;
    }
  }

  std::mt19937_64 random_;
  std::vector<ReadingSpec> all_;
  std::vector<ReadingSpec> last_;
};

struct Dump {
  std::string usage;
  std::string held;
  std::string costs;
  friend bool operator==(const Dump&, const Dump&) = default;
};
void PrintTo(const Dump& dump, std::ostream* out) {
  *out << dump.usage << "held\n" << dump.held << "costs\n" << dump.costs;
}

Dump outcome_of(WorkerBench& bench) {
  Dump outcome{bench.usage_csv(), bench.held(), ""};
  for (int machine = 0; machine < 3; ++machine)
    outcome.costs += bench.cost("machine-" + std::to_string(machine)) + "\n";
  return outcome;
}

Dump deliver(const std::vector<ReadingSpec>& readings, std::mt19937_64& random) {
  WorkerBench bench;
  for (const ReadingSpec& spec : readings) {
    const OutgoingMessage message = message_of(spec);
    random() % 2 == 0 ? bench.put_http(message) : bench.put_kafka(message);
    if (random() % 4 == 0) bench.settle();  // batches of every size
  }
  bench.settle();
  EXPECT_TRUE(bench.reasons().empty());
  return outcome_of(bench);
}

TEST(MergePropertyTest, AnyOrderRepetitionLossAndMixtureOfRoutesGivesTheSame) {
  int with_holds = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("replay with seed " + std::to_string(seed));
    const History history(seed);
    std::mt19937_64 random(seed);
    const Dump want = deliver(history.last(), random);
    ASSERT_FALSE(want.usage.empty() && want.held.empty());
    with_holds += want.held.empty() ? 0 : 1;
    for (int round = 0; round < 3; ++round) {
      std::vector<ReadingSpec> readings = history.all();
      std::erase_if(readings, [&](const ReadingSpec& spec) { return !spec.final && random() % 2; });
      const std::vector<ReadingSpec> again = readings;
      for (const ReadingSpec& spec : again)
        if (random() % 3 == 0) readings.push_back(spec);
      std::shuffle(readings.begin(), readings.end(), random);
      ASSERT_EQ(deliver(readings, random), want);
    }
  }
  EXPECT_GT(with_holds, 5) << "the histories must hold conflicts, or nothing is shown of them";
  EXPECT_LT(with_holds, 40);
}

TEST(MergePropertyTest, LinesFromTotalsAndFromSlotsAreTheSame) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    std::mt19937_64 random(seed);
    WorkerBench bench;
    const History history(seed);
    for (const ReadingSpec& spec : history.all()) bench.put_kafka(message_of(spec));
    bench.settle();
    const UtcTime now = bench.clock.now().utc;
    const Period month = parse_period("2026-11", *utc_zone(), now).value();
    const auto statement = [&](LinesFrom from) {
      const auto made = bench.queries.statement(bench.ledger, month, std::nullopt, now, from, {});
      EXPECT_TRUE(made);
      std::string text = to_string(made.value().exact_total);
      for (const MachineStatement& machine : made.value().machines)
        for (const Line& line : machine.lines)
          text += "\n" + machine.machine.str() + " " + line.key.meter.str() + " " +
                  to_string(line.base) + " " + to_string(line.cost);
      return text;
    };
    EXPECT_EQ(statement(LinesFrom::kTotals), statement(LinesFrom::kSlots)) << "seed " << seed;
  }
}

}  // namespace
}  // namespace meterbill
