#pragma once

#include <string>

#include "config/settings.h"

namespace meterbill {

/// The whole of etc/<short name>.conf: every key with help, unit, range and default, the settings
/// commented out. With every `#key` uncommented it reads as the defaults.
[[nodiscard]] std::string print_conf(const OptionTable& table);

/// The text of `meterbill-agent --help`, at most 80 columns.
[[nodiscard]] std::string print_help(const OptionTable& table);

/// `key = value` lines; with `origin`, where each was said. Secrets are never shown.
[[nodiscard]] std::string print_settings(const Settings& settings, bool origin);

/// "duration (us, …), 1s to 5min; default 10s".
[[nodiscard]] std::string option_facts(const Option& option);

}  // namespace meterbill
