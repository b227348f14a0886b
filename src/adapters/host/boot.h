#pragma once

#include <filesystem>
#include <string_view>

#include "base/result.h"
#include "domain/names.h"

namespace meterbill {

/// Pure: the text of /proc/sys/kernel/random/boot_id without its line end. kInvalid when it is no
/// boot id.
[[nodiscard]] Result<BootId> parse_boot(std::string_view text);

/// Which boot this is. `root` is `/`, or a captured tree. Source: random(4).
[[nodiscard]] Result<BootId> read_boot(const std::filesystem::path& root);

/// Windows: which boot this is, by a random id that is kept as long as the boot lasts. kPermission:
/// names the remedy.
[[nodiscard]] Result<BootId> read_boot();

}  // namespace meterbill
