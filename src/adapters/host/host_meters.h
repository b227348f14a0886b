#pragma once

#include <filesystem>

#include "adapters/host/cpu.h"
#include "ports/meters.h"

namespace meterbill {

/// The meters of this host, listed one by one. `root` is `/`, or a captured tree. One thread at a
/// time.
class HostMeters final : public Meters {
 public:
  explicit HostMeters(std::filesystem::path root = "/");
  /// With the tick length of the host the tree was captured on. REQUIRES: ticks_per_second > 0.
  HostMeters(std::filesystem::path root, std::int64_t ticks_per_second);

  [[nodiscard]] Result<BootId> boot() override;
  [[nodiscard]] HostSample read() override;

 private:
  std::filesystem::path root_;
  CpuMeter cpu_;
};

}  // namespace meterbill
