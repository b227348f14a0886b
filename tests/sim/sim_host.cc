#include "sim/sim_host.h"

namespace meterbill::sim {

Host::Host(std::int64_t number, UtcTime now, Random& random)
    : number_(number),
      random_(random),
      now_(now),
      cores_(random.between(1, 16)),
      total_kib_(random.between(1, 64) * 1'048'576) {
  // It has been running for a while before anything of ours came.
  const std::int64_t up_us = random.between(0, 3) * kHour + random.below(kHour);
  boot_us_ = monotonic_us_ = up_us;
  busy_us_ = random.below(up_us + 1);
  change_load();
}

Instant Host::now() const {
  return {.utc = {now_.us + wall_offset_us_}, .monotonic_us = monotonic_us_, .boot_us = boot_us_};
}

HostSample Host::read() {
  HostSample sample;
  sample.cpu = CpuCounter{.busy_us = busy_us_, .cores = cores_};
  sample.memory = MemoryGauge{.total_kib = total_kib_, .used_kib = used_kib_};
  return sample;
}

void Host::pass(std::int64_t us) {
  now_.us += us;
  if (!on_) return;
  boot_us_ += us;
  if (suspended_) return;
  monotonic_us_ += us;
  busy_us_ += us * cores_ / 1'000 * load_per_mille_;
}

void Host::power_on() {
  on_ = true;
  suspended_ = false;
  ++boots_;
  boot_us_ = monotonic_us_ = busy_us_ = 0;
  change_load();
}

void Host::change_load() {
  load_per_mille_ = random_.chance(20) ? 0 : random_.between(0, 1'000);
  used_kib_ = random_.below(total_kib_);
}

BootId Host::boot_id() const {
  return BootId("boot-" + std::to_string(number_) + "-" + std::to_string(boots_));
}

}  // namespace meterbill::sim
