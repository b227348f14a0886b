// One boot that covers more than its slot is billed and shown, whatever order its epochs come in.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/worker_bench.h"

namespace meterbill {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::int64_t kSecond = 1'000'000;
const Slot kSlot = Slot::parse("2026-11-22T10:15:00Z").value();

/// A clock set back after 800 s: a second epoch books 700 s into the same slot.
std::vector<ReadingSpec> set_back() {
  ReadingSpec first;
  first.seconds = 800;
  ReadingSpec second;
  second.epoch = "00000000000000000000000000000002";
  second.from_s = 1'800;
  second.seconds = 600;
  second.estimated_s = 100;
  return {first, second};
}

MachineNote note_of(WorkerBench& bench, const char* machine) {
  const Period month = parse_period("2026-11", *utc_zone(), UtcTime{}).value();
  const auto made = bench.queries.statement(bench.ledger, month, MachineId{machine},
                                            bench.clock.now().utc, LinesFrom::kTotals, {});
  return made.value().machines.at(0).note;
}

TEST(WorkerClockStepTest, IsShownOnTheStatementAndBilled) {
  std::vector<ReadingSpec> specs = set_back();
  for (int order = 0; order < 2; ++order) {
    WorkerBench bench;
    for (const ReadingSpec& spec : specs) bench.put_http(message_of(spec));
    bench.settle();
    const MachineNote note = note_of(bench, "web-1");
    EXPECT_THAT(note.clock_steps, ElementsAre(ClockStep{kSlot, 1'400 * kSecond, 100 * kSecond}));
    EXPECT_TRUE(note.held.empty());
    EXPECT_EQ(bench.cost("web-1"), "20");
    EXPECT_THAT(bench.queries.newest_clock_steps(bench.ledger, MachineId{"web-1"}, 100).value(),
                ElementsAre(ClockStep{kSlot, 1'400 * kSecond, 100 * kSecond}));
    std::ranges::reverse(specs);
  }
}

TEST(WorkerClockStepTest, TheNewestAreKeptWhenThereAreMany) {
  WorkerBench bench;
  for (const char* slot : {"2026-11-22T10:00:00Z", "2026-11-22T10:15:00Z"}) {
    std::vector<ReadingSpec> specs = set_back();
    for (ReadingSpec& spec : specs) {
      spec.slot = slot;
      bench.put_http(message_of(spec));
    }
  }
  bench.settle();
  const auto newest = bench.queries.newest_clock_steps(bench.ledger, MachineId{"web-1"}, 1);
  EXPECT_THAT(newest.value(), ElementsAre(ClockStep{kSlot, 1'400 * kSecond, 100 * kSecond}));
}

TEST(WorkerClockStepTest, TwoBootsAreHeldAndNoClockStep) {
  std::vector<ReadingSpec> specs = set_back();
  specs[1].boot = "boot-b";
  WorkerBench bench;
  for (const ReadingSpec& spec : specs) bench.put_http(message_of(spec));
  bench.settle();
  const MachineNote note = note_of(bench, "web-1");
  EXPECT_THAT(note.clock_steps, IsEmpty());
  EXPECT_FALSE(note.held.empty());
  EXPECT_EQ(bench.cost("web-1"), "0");
}

}  // namespace
}  // namespace meterbill
