#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "adapters/host/memory.h"
#include "adapters/host/proc_file.h"
#include "base/checked.h"

namespace meterbill {
namespace {

constexpr std::int64_t kKibMax = std::int64_t{1} << 40;  // 1 PiB of memory

Result<std::int64_t> parse_kib(std::string_view line) {
  MB_TRY(const std::int64_t value, parse_count(take_word(line)));
  if (take_word(line) != "kB") return fail(Code::kInvalid, "not in kB");
  if (value > kKibMax) return fail(Code::kInvalid, fmt::format("{} kB are too many", value));
  return value;
}

}  // namespace

Result<MemoryGauge> parse_memory(std::string_view meminfo) {
  std::optional<std::int64_t> total;
  std::optional<std::int64_t> available;
  while (!meminfo.empty()) {
    std::string_view line = take_line(meminfo);
    const std::string_view name = take_word(line);
    if (name == "MemTotal:") {
      MB_TRY(total, in("MemTotal", parse_kib(line)));
    } else if (name == "MemAvailable:") {
      MB_TRY(available, in("MemAvailable", parse_kib(line)));
    }
  }
  if (!total || *total == 0) return fail(Code::kInvalid, "no MemTotal");
  if (!available) return fail(Code::kInvalid, "no MemAvailable: the kernel is older than 3.14");
  // The kernel estimates what is available, and can estimate more than there is.
  return MemoryGauge{.total_kib = *total,
                     .used_kib = std::max(*total - *available, std::int64_t{0})};
}

Result<MemoryGauge> read_memory(const std::filesystem::path& root) {
  const std::filesystem::path path = root / "proc/meminfo";
  MB_TRY(const std::string meminfo, read_proc_file(path));
  return in(path.string(), parse_memory(meminfo));
}

}  // namespace meterbill
