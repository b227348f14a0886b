#include <fmt/format.h>

#include "adapters/host/boot.h"
#include "adapters/host/proc_file.h"

namespace meterbill {

Result<BootId> parse_boot(std::string_view text) {
  const std::string_view line = take_line(text);
  if (!text.empty() || !is_boot_id(line))
    return fail(Code::kInvalid, fmt::format("not a boot id: '{}'", line.substr(0, 80)));
  return BootId(std::string(line));
}

Result<BootId> read_boot(const std::filesystem::path& root) {
  const std::filesystem::path path = root / "proc/sys/kernel/random/boot_id";
  MB_TRY(const std::string text, read_proc_file(path));
  return in(path.string(), parse_boot(text));
}

}  // namespace meterbill
