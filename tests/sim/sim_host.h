#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "ports/meters.h"
#include "sim/sim_random.h"

namespace meterbill::sim {

/// One machine's hardware and kernel: its clocks and its counters, which are the truth of a run.
/// Time is given to it; between two calls of `pass` its load does not change.
class Host final : public Clock, public Meters {
 public:
  /// `number` is part of its boot ids.
  Host(std::int64_t number, UtcTime now, Random& random);

  // --- what a program on it sees
  [[nodiscard]] Instant now() const override;
  [[nodiscard]] Result<BootId> boot() override { return boot_id(); }
  [[nodiscard]] HostSample read() override;

  // --- what happens to it
  void pass(std::int64_t us);
  void power_off() { on_ = false; }
  void power_on();
  void suspend() { suspended_ = true; }
  void resume() { suspended_ = false; }
  void step_clock(std::int64_t us) { wall_offset_us_ += us; }
  void change_load();

  [[nodiscard]] bool is_on() const { return on_; }
  [[nodiscard]] bool is_awake() const { return on_ && !suspended_; }
  [[nodiscard]] BootId boot_id() const;
  [[nodiscard]] std::int64_t busy_us() const { return busy_us_; }
  [[nodiscard]] std::int64_t cores() const { return cores_; }
  [[nodiscard]] UtcTime true_now() const { return now_; }
  [[nodiscard]] std::int64_t wall_offset_us() const { return wall_offset_us_; }

 private:
  std::int64_t number_;
  Random& random_;
  UtcTime now_;  // true time
  bool on_ = true;
  bool suspended_ = false;
  std::int64_t boots_ = 1;
  std::int64_t boot_us_ = 0;
  std::int64_t monotonic_us_ = 0;
  std::int64_t wall_offset_us_ = 0;
  std::int64_t cores_;
  std::int64_t busy_us_ = 0;
  std::int64_t load_per_mille_ = 0;  // of all cores
  std::int64_t total_kib_;
  std::int64_t used_kib_ = 0;
};

}  // namespace meterbill::sim
