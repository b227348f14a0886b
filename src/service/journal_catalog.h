#pragma once

#include <span>
#include <string>

#include "base/log.h"

namespace meterbill {

/// The entries of systemd's message catalog for these events, so that `journalctl -x` explains each
/// line; the format is that of https://systemd.io/CATALOG. `manual` is the page with more:
/// `meterbill-agent(8)`.
[[nodiscard]] std::string journal_catalog(std::span<const LogEvent> events,
                                          std::string_view manual);

}  // namespace meterbill
