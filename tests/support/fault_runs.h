#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <random>
#include <string_view>

#include "support/memory_disk.h"

namespace meterbill {

/// What becomes of the program after a fault.
enum class Aftermath {
  kGoesOn,    ///< the disk is well again, as far as it was a passing fault or there is space
  kKill,      ///< the process is gone
  kPowerCut,  ///< the host is gone: what was synced is there, and of the rest whatever the seed
              ///< says
};
[[nodiscard]] constexpr std::string_view to_string(Aftermath aftermath) {
  return aftermath == Aftermath::kGoesOn ? "GoesOn"
         : aftermath == Aftermath::kKill ? "Kill"
                                         : "PowerCut";
}

/// One play of a script: the n-th operation fails, and what else is open is drawn from the seed.
struct FaultRun {
  std::int64_t nth = 1;  ///< from 1
  std::uint64_t seed = 0;
};

/// Which of the sectors that were not synced a power cut leaves: in every other run none, else
/// some.
[[nodiscard]] inline std::function<bool()> kept_sectors(FaultRun run) {
  const std::uint64_t mixed = static_cast<std::uint64_t>(run.nth) + run.seed;
  if (mixed % 2 == 0) return [] { return false; };
  return [random = std::make_shared<std::mt19937_64>(mixed + (run.seed << 32U))] {
    return ((*random)() & 1U) != 0;
  };
}

/// Ends the process on `disk` that `close` makes an end of, then the host if that is what comes:
/// closing writes nothing that a dead program could not write. The disk is well afterwards.
inline void end_process(MemoryDisk& disk, Aftermath aftermath, FaultRun run,
                        const std::function<void()>& close) {
  disk.arm(DiskFault::kCrash, 1);
  close();
  if (aftermath == Aftermath::kPowerCut) {
    disk.after_power_cut(kept_sectors(run));
  } else {
    disk.after_kill();
  }
}

/// Plays `one` for every n from 1, each with so many seeds, until the n-th operation does not come
/// any more: `one` says whether the fault has struck. Returns how often; so many operations the
/// script has, and each has failed. METERBILL_FAULT_RUN=n:seed plays that one alone.
inline std::int64_t for_every_nth(std::uint64_t seeds, const std::function<bool(FaultRun)>& one) {
  if (const char* const only = std::getenv("METERBILL_FAULT_RUN")) {
    const std::string_view text = only;
    FaultRun run;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), run.nth);
    if (read.ptr != text.data() + text.size())
      std::from_chars(read.ptr + 1, text.data() + text.size(), run.seed);
    EXPECT_TRUE(one(run)) << "the script has fewer operations";
    return INT64_MAX;
  }
  for (FaultRun run;; ++run.nth) {
    bool struck = false;
    for (run.seed = 0; run.seed < seeds; ++run.seed) {
      SCOPED_TRACE(
          fmt::format("to play it again: METERBILL_FAULT_RUN={}:{} and the filter of this "
                      "test",
                      run.nth, run.seed));
      struck = one(run);
      if (testing::Test::HasFailure()) return run.nth - 1;
    }
    if (!struck) return run.nth - 1;
  }
}

}  // namespace meterbill
