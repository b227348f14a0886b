#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.h"
#include "domain/names.h"

namespace meterbill {

/// CPU time the host has spent since its boot, over all cores. Never falls.
struct CpuCounter {
  std::int64_t busy_us = 0;  ///< core·µs: idle, waiting for disks and stolen time are not in it
  std::int64_t cores = 0;    ///< online now; at least 1
  friend bool operator==(const CpuCounter&, const CpuCounter&) = default;
};

/// Memory at one instant.
struct MemoryGauge {
  std::int64_t total_kib = 0;
  std::int64_t used_kib = 0;  ///< total less available, 0 to total
  friend bool operator==(const MemoryGauge&, const MemoryGauge&) = default;
};

/// What the host's meters say at one instant. A meter that cannot be read is absent, never zero,
/// and its fault is named.
struct HostSample {
  std::optional<CpuCounter> cpu;
  std::optional<MemoryGauge> memory;
  std::vector<Error> faults;
  std::int64_t steps_back = 0;  ///< how often, since the start, a counter was seen to fall
};

/// The host's meters. One thread at a time.
class Meters {
 public:
  virtual ~Meters() = default;

  /// Which boot the counters belong to: other boot, other counters. Cannot change while a program
  /// runs.
  [[nodiscard]] virtual Result<BootId> boot() = 0;

  /// Never waits: what cannot be read at once is a fault.
  [[nodiscard]] virtual HostSample read() = 0;
};

}  // namespace meterbill
