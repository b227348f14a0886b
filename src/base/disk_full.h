#pragma once

#include <system_error>

namespace meterbill {

/// Whether this platform so says that there is no room, in a way that std::errc has no word for.
[[nodiscard]] bool is_disk_full(std::error_code error);

}  // namespace meterbill
