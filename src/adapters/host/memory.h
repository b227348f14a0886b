#pragma once

#include <filesystem>
#include <string_view>

#include "base/result.h"
#include "ports/meters.h"

namespace meterbill {

/// Pure: MemTotal and MemAvailable of /proc/meminfo (kernels since 3.14). kInvalid names what is
/// missing. Source: proc(5).
[[nodiscard]] Result<MemoryGauge> parse_memory(std::string_view meminfo);

/// The memory meter: read → parse → report. `root` is `/`, or a captured tree.
[[nodiscard]] Result<MemoryGauge> read_memory(const std::filesystem::path& root);

}  // namespace meterbill
