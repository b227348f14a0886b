#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "ports/meters.h"

namespace meterbill {

/// What the machine looks like to a process that runs in no sandbox, noted by the unit just before
/// it starts the agent. Some directives of a sandbox mount a fresh /proc, which hides what lxcfs
/// laid over it in a container: the agent would then see, and bill, the whole host
/// (netdata/netdata#14238). Its own view says nothing of that; only the two together do.
struct OutsideView {
  std::int64_t boot_us = 0;  ///< boot clock when it was noted
  CpuCounter cpu;
  std::int64_t memory_total_kib = 0;
  friend bool operator==(const OutsideView&, const OutsideView&) = default;
};

/// kUnavailable: a meter cannot be read.
[[nodiscard]] Result<OutsideView> look_around(Meters& meters, const Clock& clock);

/// Lines of `name=value`; read back by parse_outside_view. kInvalid names what is missing.
[[nodiscard]] std::string to_text(const OutsideView& view);
[[nodiscard]] Result<OutsideView> parse_outside_view(std::string_view text);

/// kConfig when `inside`, taken at most ten minutes later, is of another machine than `outside`,
/// and what to do. Cores and memory must be the same; the time the CPU worked may have grown by
/// what all cores could do in between, a second more or less. Boot ids are not compared: some
/// containers lay one of their own over a /proc whose counters and clock are the host's, and the
/// host's is the one that goes with them.
[[nodiscard]] Result<void> compare_views(const OutsideView& outside, const OutsideView& inside);

}  // namespace meterbill
