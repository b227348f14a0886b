#include "agent/outside_view.h"

#include <fmt/format.h>

#include <map>

#include "base/checked.h"
#include "base/platform_words.h"

namespace meterbill {
namespace {

/// The counters are sums of ticks of 10 ms, read one after the other.
constexpr std::int64_t kSlackUs = 1'000'000;
/// It is noted just before the start; an older one is of another start.
constexpr std::int64_t kFreshUs = 600'000'000;

Error differs(const std::string& what) {
  return fail(Code::kConfig,
              what +
                  ": its sandbox shows the agent another machine, so nothing is metered. Bind "
                  "the files that lxcfs provides into the unit (BindReadOnlyPaths=-/proc/stat "
                  "-/proc/meminfo -/proc/uptime), or take the directive out that hides them; " +
                  std::string(kOperationsManual) + ", \"The sandbox and the truth\"");
}

}  // namespace

Result<OutsideView> look_around(Meters& meters, const Clock& clock) {
  const HostSample sample = meters.read();
  if (!sample.cpu || !sample.memory)
    return fail(Code::kUnavailable,
                sample.faults.empty() ? "a meter cannot be read" : sample.faults.front().message);
  return OutsideView{.boot_us = clock.now().boot_us,
                     .cpu = *sample.cpu,
                     .memory_total_kib = sample.memory->total_kib};
}

std::string to_text(const OutsideView& view) {
  return fmt::format("boot_us={}\ncpu_busy_us={}\ncores={}\nmemory_total_kib={}\n", view.boot_us,
                     view.cpu.busy_us, view.cpu.cores, view.memory_total_kib);
}

Result<OutsideView> parse_outside_view(std::string_view text) {
  std::map<std::string, std::string_view, std::less<>> values;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t equals = line.find('=');
    if (equals != std::string_view::npos)
      values.emplace(line.substr(0, equals), line.substr(equals + 1));
  }
  const auto number = [&values](const std::string& name) -> Result<std::int64_t> {
    const auto found = values.find(name);
    if (found == values.end()) return fail(Code::kInvalid, "it has no " + name);
    return in(name, parse_count(found->second));
  };
  OutsideView view;
  MB_TRY(view.boot_us, number("boot_us"));
  MB_TRY(view.cpu.busy_us, number("cpu_busy_us"));
  MB_TRY(view.cpu.cores, number("cores"));
  MB_TRY(view.memory_total_kib, number("memory_total_kib"));
  return view;
}

Result<void> compare_views(const OutsideView& outside, const OutsideView& inside) {
  const std::int64_t passed_us = inside.boot_us - outside.boot_us;
  if (passed_us < 0 || passed_us > kFreshUs)
    return fail(Code::kConfig, fmt::format("it was noted {} s ago: start the agent by its unit, "
                                           "which notes it anew",
                                           passed_us / 1'000'000));
  if (outside.cpu.cores != inside.cpu.cores)
    return differs(fmt::format("the agent sees {} cores, but {} are there", inside.cpu.cores,
                               outside.cpu.cores));
  if (outside.memory_total_kib != inside.memory_total_kib)
    return differs(fmt::format("the agent sees {} KiB of memory, but {} KiB are there",
                               inside.memory_total_kib, outside.memory_total_kib));
  MB_TRY(const std::int64_t possible_us, multiply(passed_us, outside.cpu.cores));
  const std::int64_t grown_us = inside.cpu.busy_us - outside.cpu.busy_us;
  if (grown_us < -kSlackUs || grown_us > possible_us + kSlackUs)
    return differs(fmt::format("the agent sees {} s of CPU time since the boot, but it is {} s",
                               inside.cpu.busy_us / 1'000'000, outside.cpu.busy_us / 1'000'000));
  return ok();
}

}  // namespace meterbill
