#pragma once

#include <map>
#include <string>

#include "base/clock.h"

namespace meterbill {

/// What a program finds around itself when it starts. REQUIRES, for all: no other thread changes
/// the environment.

/// All variables of the environment.
[[nodiscard]] std::map<std::string, std::string> process_environment();

/// By how many minutes the clocks on the wall here are before UTC, at that time.
[[nodiscard]] int utc_offset_minutes(UtcTime time);

/// The name of this host, as the kernel has it; empty when it has none.
[[nodiscard]] std::string host_name();

/// Whether a program of ours is installed with this one: in its folder, or in sbin beside it. True
/// when that cannot be found out.
[[nodiscard]] bool is_installed_here(const std::string& program);

/// What this process makes from here on is not for everybody: neither files nor folders give others
/// than the owner and its group a right, nor the group one to write, whatever the umask was.
/// REQUIRES: no other thread.
void keep_files_private();

/// Whether systemd is taking the whole host down, not only this service. False where there is no
/// systemd to ask.
[[nodiscard]] bool host_is_going_down();

/// Whether standard output is a terminal and NO_COLOR is not set.
[[nodiscard]] bool wants_colour();

/// Whether standard output is a terminal.
[[nodiscard]] bool output_is_terminal();

/// Whether standard error is a terminal.
[[nodiscard]] bool error_is_terminal();

}  // namespace meterbill
