// Random histories of one machine against an oracle that knows nothing of slots: what the counters
// grew while somebody could see it must be in the rows, exactly once.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <tuple>
#include <vector>

#include "base/checked.h"
#include "metering_harness.h"

namespace meterbill {
namespace {

/// What must have been booked, kept by following the history with subtraction alone.
struct Oracle {
  std::int64_t cpu = 0;
  std::int64_t uptime = 0;
  std::int64_t off = 0;
  Int128 memory_kib_us = 0;
  Int128 capacity_kib_us = 0;

  // The last instant up to which everything is booked.
  bool begun = false;
  std::int64_t busy = 0;
  Instant at;
  bool operator_stopped = false;
  std::int64_t sample_left = 0;
};

class History {
 public:
  explicit History(std::uint32_t seed) : random_(seed) {}

  void play(int steps) {
    machine.start();
    for (int i = 0; i < steps; ++i) {
      (this->*pick())();
      tick();
    }
  }

  MeteredMachine machine;
  Oracle oracle;

 private:
  using Event = void (History::*)();

  std::int64_t between(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random_);
  }

  Event pick() {
    switch (between(0, 15)) {
      case 0:
        return &History::restart;
      case 1:
        return &History::reboot;
      case 2:
        return &History::suspend;
      case 3:
        return &History::small_step;
      case 4:
        return &History::large_step;
      case 5:
        return &History::gap;
      case 6:
        return &History::fill_or_free_disk;
      default:
        return &History::interval;
    }
  }

  void pass(std::int64_t us) {
    machine.run(us, between(0, us * machine.sample.cpu->cores));
    machine.sample.memory->used_kib = between(0, machine.sample.memory->total_kib);
  }
  void interval() { pass(between(1, 12 * kSecond)); }
  void gap() { pass(between(0, 2 * kHour)); }
  void suspend() {
    machine.clock.suspend(between(0, 5 * kHour));
    pass(between(1, 20 * kSecond));
  }
  void small_step() {
    machine.clock.step(between(-20 * kSecond, 20 * kSecond));
    interval();
  }
  void large_step() {
    machine.clock.step(between(-3 * kHour, 3 * kHour));
    interval();
  }
  void fill_or_free_disk() {
    machine.disk_full = !machine.disk_full;
    interval();
  }
  // A run that could not save would lose memory, which is only in the process: free the disk first.
  void save_all() {
    machine.disk_full = false;
    tick();
  }
  void restart() {
    pass(between(1, 10 * kSecond));
    save_all();
    if (between(0, 2) == 0) machine.stop(EndMark::kOperator);
    machine.kill();
    oracle.sample_left = 0;
    pass(between(0, kHour));
    machine.start();
  }
  void reboot() {
    pass(between(1, 10 * kSecond));
    save_all();
    const bool by_operator = between(0, 2) == 0;
    if (by_operator) machine.stop(EndMark::kOperator);
    const bool saved = machine.past.checkpoint.has_value();
    const std::int64_t off = between(0, 3 * kHour);
    const Instant before = machine.clock.now();
    machine.reboot(off);
    if (oracle.begun && saved) {
      // Since the last booked instant nobody could see anything: it counts as off, too.
      const std::int64_t wall = before.utc.us + off - oracle.at.utc.us;
      if (machine.past.checkpoint->end != EndMark::kOperator)
        pending_off_ = std::max(wall, std::int64_t{0});
    }
    oracle.busy = 0;
    oracle.at.monotonic_us = 0;
    oracle.at.boot_us = 0;
    oracle.sample_left = 0;
    pass(between(1, kHour));
    machine.start();
  }

  void tick() {
    const std::int64_t used_before = sample_used_;
    const TickResult result = machine.tick();
    if (result.state != TickState::kMetered) return;
    const Instant now = machine.clock.now();
    const std::int64_t busy = machine.sample.cpu->busy_us;
    if (oracle.begun && now.boot_us > oracle.at.boot_us) {
      const std::int64_t ran = now.monotonic_us - oracle.at.monotonic_us;
      oracle.cpu += busy - oracle.busy;
      oracle.uptime += ran;
      oracle.off += now.boot_us - oracle.at.boot_us - ran + std::exchange(pending_off_, 0);
      const std::int64_t held = std::min(ran, oracle.sample_left);
      oracle.memory_kib_us += Int128{used_before} * held;
      oracle.capacity_kib_us += Int128{machine.sample.memory->total_kib} * ran;
    } else if (oracle.begun) {
      return;  // no time has passed: nothing moves on
    }
    oracle.begun = true;
    oracle.busy = busy;
    oracle.at = now;
    oracle.sample_left = 30 * kSecond;
    sample_used_ = machine.sample.memory->used_kib;
  }

  std::mt19937 random_;
  std::int64_t pending_off_ = 0;
  std::int64_t sample_used_ = 0;
};

using Span = std::tuple<BootId, std::int64_t, std::int64_t>;

/// Two rows of one boot that say they cover the same boot-clock time would look like two machines.
void expect_no_overlap(const MeteredMachine& machine) {
  std::vector<Span> spans;
  for (const auto& [key, reading] : machine.rows)
    if (reading.cover->to_us > reading.cover->from_us)
      spans.emplace_back(machine.boot_of.at(key.first), reading.cover->from_us,
                         reading.cover->to_us);
  std::ranges::sort(spans);
  for (std::size_t i = 1; i < spans.size(); ++i) {
    if (std::get<0>(spans[i - 1]) != std::get<0>(spans[i])) continue;
    EXPECT_LE(std::get<2>(spans[i - 1]), std::get<1>(spans[i]));
  }
}

class ConservationTest : public testing::TestWithParam<std::uint32_t> {};

TEST_P(ConservationTest, EveryQuantityIsBookedOnceWhateverHappens) {
  History history(GetParam());
  history.play(300);
  MeteredMachine& machine = history.machine;
  machine.disk_full = false;
  machine.stop(EndMark::kHost);
  const Oracle& oracle = history.oracle;
  EXPECT_EQ(machine.sum("cpu"), oracle.cpu);
  EXPECT_EQ(machine.sum("uptime"), oracle.uptime);
  EXPECT_EQ(machine.sum("cpu_capacity"), 2 * oracle.uptime);
  EXPECT_EQ(machine.sum(&Cover::metered_us) + machine.sum(&Cover::estimated_us), oracle.uptime);
  EXPECT_EQ(machine.sum(&Cover::off_us), oracle.off);
  const Checkpoint& last = *machine.past.checkpoint;
  EXPECT_TRUE(Int128{machine.sum("memory")} * kSecond + last.memory_rest == oracle.memory_kib_us);
  EXPECT_TRUE(Int128{machine.sum("memory_capacity")} * kSecond + last.memory_capacity_rest ==
              oracle.capacity_kib_us);
  expect_no_overlap(machine);
  for (const auto& [key, reading] : machine.rows) {
    const auto rejection = implausible(reading);
    EXPECT_FALSE(rejection) << to_string(key.second) << ": " << rejection->detail;
  }
}

INSTANTIATE_TEST_SUITE_P(RandomHistories, ConservationTest, testing::Range(1U, 61U));

}  // namespace
}  // namespace meterbill
