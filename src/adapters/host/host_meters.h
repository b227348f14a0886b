#pragma once

#include <filesystem>
#include <memory>

#include "ports/meters.h"

namespace meterbill {

/// The meters of this host, listed one by one. `root` is `/`, or a captured tree (Linux). One
/// thread at a time.
class HostMeters final : public Meters {
 public:
  explicit HostMeters(std::filesystem::path root = "/");
  /// Linux, with the tick length of the host the tree was captured on.
  /// REQUIRES: ticks_per_second > 0.
  HostMeters(std::filesystem::path root, std::int64_t ticks_per_second);
  ~HostMeters() override;

  [[nodiscard]] Result<BootId> boot() override;
  [[nodiscard]] HostSample read() override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace meterbill
