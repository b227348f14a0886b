#include <unistd.h>

#include <utility>

#include "adapters/host/boot.h"
#include "adapters/host/host_meters.h"
#include "adapters/host/memory.h"

namespace meterbill {

HostMeters::HostMeters(std::filesystem::path root)
    : HostMeters(std::move(root), ::sysconf(_SC_CLK_TCK)) {}

HostMeters::HostMeters(std::filesystem::path root, std::int64_t ticks_per_second)
    : root_(std::move(root)), cpu_(root_, ticks_per_second) {}

Result<BootId> HostMeters::boot() { return in("boot id", read_boot(root_)); }

HostSample HostMeters::read() {
  HostSample sample;
  if (auto cpu = in("cpu meter", cpu_.read())) {
    sample.cpu = cpu.value();
  } else {
    sample.faults.push_back(std::move(cpu).error());
  }
  if (auto memory = in("memory meter", read_memory(root_))) {
    sample.memory = memory.value();
  } else {
    sample.faults.push_back(std::move(memory).error());
  }
  sample.steps_back = cpu_.steps_back();
  return sample;
}

}  // namespace meterbill
