// The spool on a disk that fails: at every write, sync and opening there is.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <iostream>
#include <tuple>

#include "spool_script.h"
#include "support/fault_runs.h"

namespace meterbill {
namespace {

TEST(SpoolScriptTest, WithoutFaultsItComesToEverythingThatItIsFor) {
  MemoryDisk disk("/spool-script/");
  SpoolScript script(disk);
  while (!script.is_done()) {
    script.step();
    script.observe();
  }
  EXPECT_GT(script.seen().folded, 2);
  EXPECT_GT(script.seen().dropped, 2);
  EXPECT_GT(script.seen().in_other, 2);
  EXPECT_EQ(script.seen().aside, 1);
  EXPECT_GT(script.seen().repeated, 2);
  script.finish();
}

class SpoolFaultSweep : public testing::TestWithParam<std::tuple<DiskFault, Aftermath>> {
 protected:
  static DiskFault fault() { return std::get<DiskFault>(GetParam()); }
  static Aftermath aftermath() { return std::get<Aftermath>(GetParam()); }

  static bool one(FaultRun run) {
    MemoryDisk disk("/spool-script/");
    SpoolScript script(disk);
    disk.arm(fault(), run.nth);
    // An agent that goes on does so for a while, on a disk that may still be full.
    std::int64_t steps_more = fault() == DiskFault::kCrash ? 0 : run.nth % 3;
    while (!script.is_done() && !(disk.has_struck() && steps_more == 0)) {
      if (disk.has_struck()) --steps_more;
      script.step();
    }
    if (script.is_done() && aftermath() == Aftermath::kGoesOn) script.close();
    const bool struck = disk.has_struck();
    disk.heal();
    const auto end = [&](Aftermath how) {
      end_process(disk, how, run, [&] { script.close(); });
      script.check_recovered();
    };
    if (aftermath() != Aftermath::kGoesOn) end(aftermath());
    while (!script.is_done()) script.step();
    // Also what came after the fault is on the disk, whatever the kernel believes.
    end(Aftermath::kPowerCut);
    script.finish();
    return struck;
  }
};

TEST_P(SpoolFaultSweep, WhatWasToldIsSoAndEachUnitIsThereOnce) {
  const bool is_cut = aftermath() == Aftermath::kPowerCut;
  const std::int64_t struck = for_every_nth(is_cut && fault() == DiskFault::kCrash ? 2 : 1, one);
  std::cout << struck << " operations, each of which failed\n";
  EXPECT_GE(struck, fault() == DiskFault::kOpenError   ? 4
                    : fault() == DiskFault::kSyncError ? 25
                                                       : 200);
}

std::string name_of(const testing::TestParamInfo<std::tuple<DiskFault, Aftermath>>& info) {
  return fmt::format("{}Then{}", to_string(std::get<0>(info.param)),
                     to_string(std::get<1>(info.param)));
}

INSTANTIATE_TEST_SUITE_P(
    Faults, SpoolFaultSweep,
    testing::Combine(testing::Values(DiskFault::kWriteError, DiskFault::kSyncError,
                                     DiskFault::kOpenError, DiskFault::kFull),
                     testing::Values(Aftermath::kGoesOn, Aftermath::kKill, Aftermath::kPowerCut)),
    name_of);
INSTANTIATE_TEST_SUITE_P(Deaths, SpoolFaultSweep,
                         testing::Combine(testing::Values(DiskFault::kCrash),
                                          testing::Values(Aftermath::kKill, Aftermath::kPowerCut)),
                         name_of);

}  // namespace
}  // namespace meterbill
