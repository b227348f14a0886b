#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string_view>

#include "base/result.h"
#include "ports/meters.h"

namespace meterbill {

/// What /proc/stat says of all cores together, in ticks of USER_HZ since the boot. Guest time is in
/// `user` already; idle, iowait and steal are not work done.
struct CpuTicks {
  std::array<std::int64_t, 5> busy{};  ///< user, nice, system, irq, softirq
  std::int64_t cores = 0;              ///< online: those with a line of their own
};

/// Pure. kInvalid names what is missing. Source: proc(5), /proc/stat.
[[nodiscard]] Result<CpuTicks> parse_cpu(std::string_view stat);

/// The CPU meter: read → parse → report. Keeps what it has seen, because single fields can step
/// back by a tick (the kernel scales them) and a bill must not.
class CpuMeter {
 public:
  /// `root` is `/`, or a captured tree. REQUIRES: ticks_per_second > 0 (sysconf _SC_CLK_TCK).
  CpuMeter(const std::filesystem::path& root, std::int64_t ticks_per_second);

  [[nodiscard]] Result<CpuCounter> read();
  [[nodiscard]] std::int64_t steps_back() const { return steps_back_; }

 private:
  CpuCounter report(const CpuTicks& ticks);

  std::filesystem::path path_;
  std::int64_t ticks_per_second_;
  std::array<std::int64_t, 5> last_{};   // raw, as last seen or its high-water mark
  std::array<std::int64_t, 5> total_{};  // never falls
  std::int64_t steps_back_ = 0;
};

}  // namespace meterbill
