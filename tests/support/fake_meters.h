#pragma once

#include <functional>
#include <utility>

#include "ports/meters.h"

namespace meterbill {

/// Meters that say what the test says.
class FakeMeters final : public Meters {
 public:
  explicit FakeMeters(std::function<HostSample()> sample) : sample_(std::move(sample)) {}

  Result<BootId> boot() override { return boot_id; }
  HostSample read() override { return sample_(); }

  BootId boot_id{"boot-1"};

 private:
  std::function<HostSample()> sample_;
};

}  // namespace meterbill
