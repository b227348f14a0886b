#include <windows.h>

#include <algorithm>
#include <utility>

#include "adapters/host/boot.h"
#include "adapters/host/host_meters.h"
#include "adapters/host/processor_time.h"
#include "base/system_failure_windows.h"

namespace meterbill {

struct HostMeters::State {
  ProcessorTime processor;
};

namespace {

constexpr std::int64_t kKib = 1'024;

std::int64_t ticks(FILETIME time) {
  return static_cast<std::int64_t>(time.dwHighDateTime) << 32 | time.dwLowDateTime;
}

/// GetSystemTimes: of all processors together, in units of 100 ns since the boot.
Result<CpuCounter> read_cpu(ProcessorTime& processor) {
  FILETIME idle{};
  FILETIME kernel{};
  FILETIME user{};
  if (GetSystemTimes(&idle, &kernel, &user) == 0) return windows_failure("GetSystemTimes");
  MB_TRY(const std::int64_t busy_us,
         processor.busy_us({.idle = ticks(idle), .kernel = ticks(kernel), .user = ticks(user)}));
  return CpuCounter{.busy_us = busy_us,
                    .cores = std::int64_t{GetActiveProcessorCount(ALL_PROCESSOR_GROUPS)}};
}

/// GlobalMemoryStatusEx: what is available is free, or cached and can be given up at once.
Result<MemoryGauge> read_memory() {
  MEMORYSTATUSEX status{};
  status.dwLength = sizeof status;
  if (GlobalMemoryStatusEx(&status) == 0) return windows_failure("GlobalMemoryStatusEx");
  const auto total_kib = static_cast<std::int64_t>(status.ullTotalPhys) / kKib;
  const auto available_kib = static_cast<std::int64_t>(status.ullAvailPhys) / kKib;
  return MemoryGauge{.total_kib = total_kib,
                     .used_kib = std::max(total_kib - available_kib, std::int64_t{0})};
}

}  // namespace

/// There are no captured trees of Windows.
HostMeters::HostMeters(std::filesystem::path /*root*/) : state_(new State) {}
HostMeters::~HostMeters() = default;

Result<BootId> HostMeters::boot() { return in("boot id", read_boot()); }

HostSample HostMeters::read() {
  HostSample sample;
  if (auto cpu = in("cpu meter", read_cpu(state_->processor))) {
    sample.cpu = cpu.value();
  } else {
    sample.faults.push_back(std::move(cpu).error());
  }
  if (auto memory = in("memory meter", read_memory())) {
    sample.memory = memory.value();
  } else {
    sample.faults.push_back(std::move(memory).error());
  }
  sample.steps_back = state_->processor.steps_back();
  return sample;
}

}  // namespace meterbill
