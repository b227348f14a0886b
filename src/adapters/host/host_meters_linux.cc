#include <unistd.h>

#include <utility>

#include "adapters/host/boot.h"
#include "adapters/host/cpu.h"
#include "adapters/host/host_meters.h"
#include "adapters/host/memory.h"

namespace meterbill {

struct HostMeters::State {
  std::filesystem::path root;
  CpuMeter cpu;
};

HostMeters::HostMeters(std::filesystem::path root)
    : HostMeters(std::move(root), ::sysconf(_SC_CLK_TCK)) {}

HostMeters::HostMeters(std::filesystem::path root, std::int64_t ticks_per_second)
    : state_(new State{root, CpuMeter(root, ticks_per_second)}) {}

HostMeters::~HostMeters() = default;

Result<BootId> HostMeters::boot() { return in("boot id", read_boot(state_->root)); }

HostSample HostMeters::read() {
  HostSample sample;
  if (auto cpu = in("cpu meter", state_->cpu.read())) {
    sample.cpu = cpu.value();
  } else {
    sample.faults.push_back(std::move(cpu).error());
  }
  if (auto memory = in("memory meter", read_memory(state_->root))) {
    sample.memory = memory.value();
  } else {
    sample.faults.push_back(std::move(memory).error());
  }
  sample.steps_back = state_->cpu.steps_back();
  return sample;
}

}  // namespace meterbill
