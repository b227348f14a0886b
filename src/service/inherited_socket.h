#pragma once

#include <optional>
#include <string>

#include "base/result.h"

namespace meterbill {

/// The listening unix socket that systemd made for this service (its .socket unit) and handed over,
/// sd_listen_fds(3); none when there is none, or no systemd. The descriptor is the caller's.
/// `path` is where the service's own configuration has it: kConfig when that is another one, for
/// then commands would look for it where nobody listens. `key` is the setting.
/// REQUIRES: called once, by main, before any thread.
[[nodiscard]] Result<std::optional<int>> inherited_socket(const std::string& path,
                                                          const std::string& key);

}  // namespace meterbill
