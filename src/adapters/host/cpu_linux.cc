#include <fmt/format.h>

#include <algorithm>

#include "adapters/host/cpu.h"
#include "adapters/host/proc_file.h"
#include "base/assert.h"
#include "base/checked.h"

namespace meterbill {
namespace {

constexpr int kFieldsMin = 7;  // user nice system idle iowait irq softirq, since Linux 2.6
/// 178,000 years of one core at 100 ticks a second; all five fields together in µs fit in 63 bits.
constexpr std::int64_t kTicksMax = std::int64_t{1} << 46;

Result<std::array<std::int64_t, kFieldsMin>> parse_fields(std::string_view line) {
  std::array<std::int64_t, kFieldsMin> fields{};
  for (std::int64_t& field : fields) {
    const std::string_view word = take_word(line);
    if (word.empty()) return fail(Code::kInvalid, "the line 'cpu' has fewer than 7 numbers");
    MB_TRY(field, in("the line 'cpu'", parse_count(word)));
    if (field > kTicksMax) return fail(Code::kInvalid, fmt::format("{} ticks are too many", field));
  }
  return fields;
}

bool is_core(std::string_view word) {
  return word.size() > 3 && word.starts_with("cpu") && word[3] >= '0' && word[3] <= '9';
}

}  // namespace

Result<CpuTicks> parse_cpu(std::string_view stat) {
  CpuTicks ticks;
  bool found = false;
  while (!stat.empty()) {
    std::string_view line = take_line(stat);
    const std::string_view word = take_word(line);
    if (is_core(word)) ++ticks.cores;
    if (word != "cpu") continue;
    MB_TRY(const auto fields, parse_fields(line));
    ticks.busy = {fields[0], fields[1], fields[2], fields[5], fields[6]};
    found = true;
  }
  if (!found) return fail(Code::kInvalid, "no line 'cpu'");
  if (ticks.cores == 0) return fail(Code::kInvalid, "no line 'cpu0'");
  return ticks;
}

CpuMeter::CpuMeter(const std::filesystem::path& root, std::int64_t ticks_per_second)
    : path_(root / "proc/stat"), ticks_per_second_(ticks_per_second) {
  MB_ASSERT(ticks_per_second > 0);
}

Result<CpuCounter> CpuMeter::read() {
  MB_TRY(const std::string stat, read_proc_file(path_));
  MB_TRY(const CpuTicks ticks, in(path_.string(), parse_cpu(stat)));
  return report(ticks);
}

CpuCounter CpuMeter::report(const CpuTicks& ticks) {
  // A fall of up to a second is jitter, and the mark stays where it was; a deeper one is a counter
  // that began again (a container's view of /proc was restarted), and the mark follows it down.
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < total_.size(); ++i) {
    const std::int64_t growth = ticks.busy[i] - last_[i];
    if (growth < 0) ++steps_back_;
    total_[i] += std::max(growth, std::int64_t{0});
    if (growth > 0 || growth < -ticks_per_second_) last_[i] = ticks.busy[i];
    sum += total_[i];
  }
  // Whole seconds apart, so that the product stays within 63 bits at any USER_HZ.
  const std::int64_t seconds = sum / ticks_per_second_;
  const std::int64_t rest = sum % ticks_per_second_;
  return {.busy_us = seconds * 1'000'000 + rest * 1'000'000 / ticks_per_second_,
          .cores = ticks.cores};
}

}  // namespace meterbill
