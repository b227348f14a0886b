#include "agent/metering.h"

#include <gtest/gtest.h>

#include "metering_harness.h"

namespace meterbill {
namespace {

using Machine = MeteredMachine;

TEST(MeteringTest, WithoutACheckpointItStartsAtNow) {
  Machine machine;
  machine.start();
  EXPECT_EQ(machine.tick().began, EpochCause::kFresh);
  EXPECT_TRUE(machine.rows.empty());
  machine.run(10 * kSecond, 3 * kSecond);
  EXPECT_EQ(machine.tick().began, std::nullopt);
  const Reading row = machine.row(1, "2026-11-22T10:00:00Z");
  EXPECT_EQ(Machine::used(row, "cpu"), 3 * kSecond);
  EXPECT_EQ(Machine::used(row, "cpu_capacity"), 20 * kSecond);
  EXPECT_EQ(Machine::used(row, "uptime"), 10 * kSecond);
  EXPECT_EQ(Machine::used(row, "memory"), 40'000'000);
  EXPECT_EQ(Machine::used(row, "memory_capacity"), 160'000'000);
  EXPECT_EQ(row.cover, (Cover{.from_us = kHour,
                              .to_us = kHour + 10 * kSecond,
                              .metered_us = 10 * kSecond,
                              .estimated_us = 0,
                              .off_us = 0}));
}

TEST(MeteringTest, ATickAcrossABoundaryIsSplitByTimeWithoutLosingAMicrosecond) {
  Machine machine("2026-11-22T10:14:57Z");
  machine.start();
  machine.tick();
  machine.run(10 * kSecond, 10 * kSecond + 1);  // 3 s before the boundary, 7 s after
  machine.tick();
  const Reading older = machine.row(1, "2026-11-22T10:00:00Z");
  const Reading newer = machine.row(1, "2026-11-22T10:15:00Z");
  EXPECT_EQ(Machine::used(older, "cpu"), 3 * kSecond);
  EXPECT_EQ(Machine::used(newer, "cpu"), 7 * kSecond + 1);
  EXPECT_EQ(Machine::used(older, "uptime"), 3 * kSecond);
  EXPECT_EQ(Machine::used(newer, "memory"), 28'000'000);
  EXPECT_EQ(older.cover->to_us, newer.cover->from_us);
}

TEST(MeteringTest, ATickOnTheBoundaryEndsTheOlderSlot) {
  Machine machine("2026-11-22T10:14:50Z");
  machine.start();
  machine.tick();
  machine.run(10 * kSecond, kSecond);
  machine.metering->tick(machine.clock.now(), machine.sample);
  const auto record = machine.metering->record();
  ASSERT_TRUE(record);
  EXPECT_EQ(to_string(record->current), "2026-11-22T10:15:00Z");
  ASSERT_EQ(record->epochs.back().readings.size(), 1U);
  EXPECT_EQ(to_string(record->epochs.back().readings[0].slot), "2026-11-22T10:00:00Z");
}

TEST(MeteringTest, ARestartInOneBootBooksTheUseMeanwhileAsEstimatedWithoutMemory) {
  Machine machine("2026-11-22T10:14:00Z");
  machine.start();
  machine.tick();
  machine.run(10 * kSecond, kSecond);
  machine.tick();
  machine.kill();
  machine.run(100 * kSecond, 50 * kSecond);  // 50 s before the boundary, 50 s after
  machine.start();
  const TickResult result = machine.tick();
  EXPECT_EQ(result.began, EpochCause::kSameBoot);
  EXPECT_EQ(result.bridged_us, 100 * kSecond);
  const Reading older = machine.row(2, "2026-11-22T10:00:00Z");
  const Reading newer = machine.row(2, "2026-11-22T10:15:00Z");
  EXPECT_EQ(Machine::used(older, "cpu"), 25 * kSecond);
  EXPECT_EQ(Machine::used(newer, "cpu"), 25 * kSecond);
  EXPECT_EQ(newer.cover->estimated_us, 50 * kSecond);
  EXPECT_EQ(newer.cover->metered_us, 0);
  EXPECT_EQ(Machine::used(newer, "cpu_capacity"), 100 * kSecond);
  EXPECT_EQ(Machine::used(newer, "memory_capacity"), 800'000'000);
  EXPECT_EQ(Machine::used(newer, "memory"), -1);  // missing, not zero
}

TEST(MeteringTest, ANewBootCountsFromZeroAtTheBootInstant) {
  Machine machine;
  machine.start();
  machine.tick();
  machine.run(10 * kSecond, kSecond);
  machine.tick();
  machine.reboot(kMinute);
  machine.run(30 * kSecond, 5 * kSecond);
  machine.start();
  EXPECT_EQ(machine.tick().began, EpochCause::kNewBoot);
  const Reading row = machine.row(2, "2026-11-22T10:00:00Z");
  EXPECT_EQ(Machine::used(row, "cpu"), 5 * kSecond);
  EXPECT_EQ(Machine::used(row, "uptime"), 30 * kSecond);
  EXPECT_EQ(row.cover, (Cover{.from_us = 0,
                              .to_us = 30 * kSecond,
                              .metered_us = 0,
                              .estimated_us = 30 * kSecond,
                              .off_us = kMinute}));
}

struct EndCase {
  const char* name;
  std::optional<EndMark> end;  // nothing: killed
  std::int64_t off_us;
};
const EndCase kEnds[] = {
    {"killed_with_the_host_is_off", std::nullopt, 40 * kMinute},
    {"stopped_by_the_host_is_off", EndMark::kHost, 40 * kMinute},
    {"stopped_by_an_operator_is_missing", EndMark::kOperator, 0},
};
class EndTest : public testing::TestWithParam<EndCase> {};
TEST_P(EndTest, DecidesWhatTheTimeUntilTheBootWas) {
  Machine machine;
  machine.start();
  machine.tick();
  machine.run(10 * kSecond, kSecond);
  machine.tick();
  if (GetParam().end) machine.stop(*GetParam().end);
  machine.reboot(40 * kMinute);
  machine.run(kSecond, 0);
  machine.start();
  machine.tick();
  EXPECT_EQ(machine.sum(&Cover::off_us), GetParam().off_us);
  EXPECT_EQ(machine.rows.contains(
                {EpochId(fmt::format("{:032x}", 2)), Slot::parse("2026-11-22T10:15:00Z").value()}),
            GetParam().off_us > 0);
}
INSTANTIATE_TEST_SUITE_P(MeteringTest, EndTest, testing::ValuesIn(kEnds),
                         [](const auto& row) { return std::string(row.param.name); });

TEST(MeteringTest, AnEndMarkDoesNotOutliveTheNextRun) {
  Machine machine;
  machine.start();
  machine.tick();
  machine.stop(EndMark::kOperator);
  EXPECT_EQ(machine.past.checkpoint->end, EndMark::kOperator);
  machine.run(kSecond, 0);
  machine.start();
  machine.tick();
  EXPECT_EQ(machine.past.checkpoint->end, EndMark::kNone);
}

TEST(MeteringTest, AGapOfThreeTicksIsMeteredALongerOneEstimated) {
  Machine machine;
  machine.start();
  machine.tick();
  machine.run(30 * kSecond, 0);
  machine.tick();
  EXPECT_EQ(machine.sum(&Cover::metered_us), 30 * kSecond);
  machine.run(30 * kSecond + 1, 0);
  EXPECT_EQ(machine.tick().bridged_us, 30 * kSecond + 1);
  EXPECT_EQ(machine.sum(&Cover::metered_us), 30 * kSecond);
  EXPECT_EQ(machine.sum(&Cover::estimated_us), 30 * kSecond + 1);
}

TEST(MeteringTest, AGapIsJudgedByTheIntervalThatWasWaitedFor) {
  Machine machine;
  machine.start();
  machine.tick();
  machine.run(30 * kSecond, 0);
  EXPECT_EQ(machine.tick().bridged_us, 0);
  machine.metering->set_interval(kSecond);
  machine.run(3 * kSecond, 0);
  EXPECT_EQ(machine.tick().bridged_us, 0);
  machine.run(4 * kSecond, 0);
  EXPECT_EQ(machine.tick().bridged_us, 4 * kSecond);
}

TEST(MeteringTest, SuspendedTimeIsOffAndNeitherUptimeNorCapacity) {
  Machine machine;
  machine.start();
  machine.tick();
  machine.clock.suspend(2 * kHour);
  machine.run(10 * kSecond, 7 * kSecond);
  machine.tick();
  EXPECT_EQ(machine.sum(&Cover::off_us), 2 * kHour);
  EXPECT_EQ(machine.sum(&Cover::estimated_us), 10 * kSecond);
  EXPECT_EQ(machine.sum("uptime"), 10 * kSecond);
  EXPECT_EQ(machine.sum("cpu_capacity"), 20 * kSecond);
  EXPECT_EQ(machine.sum("cpu"), 7 * kSecond);
}

TEST(MeteringTest, ClocksThatAreNotReadAtOneInstantMakeNoSuspension) {
  Machine machine;
  machine.start();
  machine.tick();
  for (int i = 0; i < 20; ++i) {
    machine.run(10 * kSecond, kSecond);
    Instant now = machine.clock.now();
    if (i % 2 == 0) now.boot_us += 9'000;  // the thread was held up between the two clocks
    machine.tick(now);
  }
  EXPECT_EQ(machine.sum(&Cover::off_us), 0);
  EXPECT_EQ(machine.sum("uptime"), 200 * kSecond);
}

TEST(MeteringTest, AMemorySampleCountsForAtMostThreeIntervals) {
  Machine machine;
  machine.start();
  machine.tick();
  machine.run(kHour, 0);
  machine.tick();
  EXPECT_EQ(machine.sum("memory"), 4'000'000 * 30);
  // The first slot has it all: that is when it was seen.
  EXPECT_EQ(Machine::used(machine.row(1, "2026-11-22T10:00:00Z"), "memory"), 4'000'000 * 30);
  EXPECT_EQ(machine.sum("memory_capacity"), 16'000'000LL * 3'600);
}

TEST(MeteringTest, AMemoryMeterThatFailsCountsForThreeIntervalsInAll) {
  Machine machine;
  machine.start();
  machine.tick();
  machine.sample.memory.reset();
  for (int i = 0; i < 5; ++i) {
    machine.run(10 * kSecond, 0);
    machine.tick();
  }
  EXPECT_EQ(machine.sum("memory"), 4'000'000 * 30);
  EXPECT_EQ(machine.metering->memory_percent(), "");
}

TEST(MeteringTest, RestsBelowOneKibSecondAreCarried) {
  Machine machine;
  machine.sample.memory = MemoryGauge{.total_kib = 3, .used_kib = 1};
  machine.start();
  machine.tick();
  for (int i = 0; i < 10; ++i) {
    machine.run(kSecond / 4, 0);
    machine.tick();
  }
  EXPECT_EQ(machine.sum("memory"), 2);
  EXPECT_EQ(machine.sum("memory_capacity"), 7);
  EXPECT_EQ(machine.past.checkpoint->memory_rest, kSecond / 2);
}

TEST(MeteringTest, TimeThatRepeatsIsBookedInTheNewerSlot) {
  Machine machine("2026-11-22T10:14:55Z");
  machine.start();
  machine.tick();
  machine.run(10 * kSecond, kSecond);  // 10:15:05
  machine.tick();
  machine.clock.step(-20 * kSecond);  // 10:14:45
  machine.run(10 * kSecond, kSecond);
  EXPECT_EQ(machine.tick().began, std::nullopt);
  EXPECT_EQ(Machine::used(machine.row(1, "2026-11-22T10:00:00Z"), "uptime"), 5 * kSecond);
  EXPECT_EQ(Machine::used(machine.row(1, "2026-11-22T10:15:00Z"), "uptime"), 15 * kSecond);
}

class ClockStepTest : public testing::TestWithParam<std::int64_t> {};
TEST_P(ClockStepTest, BeginsANewEpochBeyondThirtySecondsAndChangesNoQuantity) {
  Machine machine;
  machine.start();
  machine.tick();
  for (int i = 0; i < 20; ++i) {
    if (i == 10) machine.clock.step(GetParam());
    machine.run(10 * kSecond, kSecond);
    const TickResult result = machine.tick();
    const bool stepped = i == 10 && std::abs(GetParam()) > 30 * kSecond;
    EXPECT_EQ(result.began.has_value(), stepped) << i;
  }
  EXPECT_EQ(machine.sum("cpu"), 20 * kSecond);
  EXPECT_EQ(machine.sum("uptime"), 200 * kSecond);
  EXPECT_EQ(machine.sum("cpu_capacity"), 400 * kSecond);
  EXPECT_EQ(machine.sum("memory"), 4'000'000 * 200);
}
INSTANTIATE_TEST_SUITE_P(MeteringTest, ClockStepTest,
                         testing::Values(-3 * kHour, -10 * kMinute, -50 * kSecond, -30 * kSecond,
                                         -kSecond, 30 * kSecond, 50 * kSecond, 3 * kHour));

TEST(MeteringTest, BeforeTheBuildDateNothingIsMeteredAndNothingLost) {
  Machine machine;
  machine.options.built = parse_utc("2026-01-01T00:00:00Z").value();
  machine.start();
  machine.tick();
  machine.clock.step(-400L * 24 * kHour);
  machine.run(10 * kSecond, kSecond);
  EXPECT_EQ(machine.tick().state, TickState::kClockUnset);
  machine.clock.step(400L * 24 * kHour);
  machine.run(10 * kSecond, kSecond);
  EXPECT_EQ(machine.tick().state, TickState::kMetered);
  EXPECT_EQ(machine.sum("cpu"), 2 * kSecond);
}

TEST(MeteringTest, WithoutCountersNothingIsBookedUntilTheyAreBack) {
  Machine machine;
  machine.start();
  machine.tick();
  const auto cpu = std::exchange(machine.sample.cpu, std::nullopt);
  machine.clock.advance(10 * kSecond);
  EXPECT_EQ(machine.tick().state, TickState::kNoCounters);
  machine.sample.cpu = cpu;
  machine.run(10 * kSecond, 4 * kSecond);
  machine.tick();
  EXPECT_EQ(machine.sum("cpu"), 4 * kSecond);
  EXPECT_EQ(machine.sum("uptime"), 20 * kSecond);
}

TEST(MeteringTest, AfterSixteenStartsInASlotItWaitsForTheNextAndLosesNothing) {
  Machine machine;
  for (int i = 0; i < 30; ++i) {
    machine.start();
    machine.run(10 * kSecond, kSecond);
    EXPECT_EQ(machine.tick().state, i < 16 ? TickState::kMetered : TickState::kTooManyStarts) << i;
    machine.run(10 * kSecond, kSecond);
    machine.tick();
    machine.kill();
  }
  EXPECT_EQ(machine.epochs, 16);
  machine.start();
  machine.clock.step(10 * kMinute - 10 * kSecond);  // the next slot, without 5 minutes of waiting
  machine.run(10 * kSecond, kSecond);
  EXPECT_EQ(machine.tick().began, EpochCause::kSameBoot);
  EXPECT_EQ(machine.sum("cpu"), 60 * kSecond);  // all but what ran before the first start
}

TEST(MeteringTest, AnotherBootHasSixteenStartsOfItsOwn) {
  Machine machine;
  for (int i = 0; i < 16; ++i) {
    machine.start();
    machine.run(kSecond, 0);
    machine.tick();
    machine.kill();
  }
  machine.reboot(kSecond);
  machine.run(kSecond, 0);
  machine.start();
  EXPECT_EQ(machine.tick().began, EpochCause::kNewBoot);
}

TEST(MeteringTest, WhatCannotBeSavedIsKeptAndSavedLater) {
  Machine machine;
  machine.start();
  machine.tick();
  machine.disk_full = true;
  for (int i = 0; i < 200; ++i) {  // over two slots and a clock step
    if (i == 100) machine.clock.step(kHour);
    machine.run(10 * kSecond, kSecond);
    machine.tick();
  }
  EXPECT_EQ(machine.sum("cpu"), 0);
  machine.disk_full = false;
  machine.run(10 * kSecond, kSecond);
  machine.tick();
  EXPECT_EQ(machine.sum("cpu"), 201 * kSecond);
  EXPECT_EQ(machine.sum("memory"), 4'000'000LL * 2010);
}

TEST(MeteringTest, AfterALostStoreAllThatIsKnownIsSavedAgain) {
  Machine machine;
  machine.start();
  machine.tick();
  machine.run(10 * kSecond, kSecond);
  machine.tick();
  machine.rows.clear();
  EXPECT_FALSE(machine.metering->record());
  machine.metering->store_lost();
  const auto record = machine.metering->record();
  ASSERT_TRUE(record);
  ASSERT_EQ(record->epochs.back().readings.size(), 1U);
  EXPECT_EQ(record->epochs.back().readings[0].used.at(MeterName{"cpu"}), kSecond);
}

TEST(MeteringTest, ACounterATickBelowItsCheckpointIsNoGrowthAndNotCountedAgain) {
  Machine machine;
  machine.start();
  machine.tick();
  machine.run(10 * kSecond, -10'000);
  machine.tick();
  machine.run(10 * kSecond, 20'000);
  machine.tick();
  EXPECT_EQ(machine.sum("cpu"), 10'000);
  EXPECT_EQ(machine.metering->steps_back(), 1);
}

TEST(MeteringTest, AVirtualMachineSetBackToASnapshotHasNegativeTimeWhichIsNone) {
  Machine machine;
  machine.start();
  machine.tick();
  machine.run(kMinute, 30 * kSecond);
  machine.tick();
  machine.kill();
  machine.run(-40 * kSecond, -20 * kSecond);
  machine.start();
  EXPECT_EQ(machine.tick().bridged_us, 0);
  machine.run(10 * kSecond, 2 * kSecond);
  machine.tick();
  EXPECT_EQ(machine.sum("cpu"), 32 * kSecond);
}

TEST(MeteringTest, PluggedInCoresNeverMakeHonestUseImplausible) {
  Machine machine;
  machine.start();
  machine.tick();
  machine.sample.cpu->cores = 8;
  machine.run(10 * kSecond, 80 * kSecond);
  machine.tick();
  EXPECT_EQ(implausible(machine.row(1, "2026-11-22T10:00:00Z")), std::nullopt);
}

TEST(MeteringTest, PercentagesAreThoseOfTheNewestTick) {
  Machine machine;
  machine.start();
  machine.tick();  // nothing to compare with: the average since the boot, an hour of 2 cores ago
  EXPECT_EQ(machine.metering->cpu_percent(), "0.7");
  EXPECT_EQ(machine.metering->memory_percent(), "25");
  machine.run(10 * kSecond, 7'500'000);
  machine.tick();
  EXPECT_EQ(machine.metering->cpu_percent(), "37.5");
}

struct NextTickCase {
  const char* now;
  std::int64_t interval_us;
  const char* next;
};
const NextTickCase kNextTicks[] = {
    {"2026-11-22T10:00:00Z", 10 * kSecond, "2026-11-22T10:00:10Z"},
    {"2026-11-22T10:00:09.999999Z", 10 * kSecond, "2026-11-22T10:00:10Z"},
    {"2026-11-22T10:14:55Z", 7 * kSecond, "2026-11-22T10:14:56Z"},
    {"2026-11-22T10:14:58Z", 7 * kSecond, "2026-11-22T10:15:00Z"},
    {"2026-11-22T10:12:00Z", 5 * kMinute, "2026-11-22T10:15:00Z"},
};
TEST(MeteringTest, TicksAreAlignedToTheWallClockWithOneOnEachBoundary) {
  for (const NextTickCase& row : kNextTicks)
    EXPECT_EQ(to_string(next_tick(parse_utc(row.now).value(), row.interval_us)), row.next)
        << row.now;
}

TEST(MeteringTest, PercentTextIsHalfUpAndStaysWithinZeroToAHundred) {
  EXPECT_EQ(percent_text(1, 3), "33.3");
  EXPECT_EQ(percent_text(2, 3), "66.7");
  EXPECT_EQ(percent_text(5, 4), "100");
  EXPECT_EQ(percent_text(1, 0), "0");
}

}  // namespace
}  // namespace meterbill
