#pragma once

#include <span>
#include <string>

#include "base/log.h"

namespace meterbill {

/// The message table of Windows' event log for these events, as source of the message compiler
/// (windmc): the line that was logged, and what it means and what to do. Ids are those of the
/// events; how grave one is, is said when it is reported.
[[nodiscard]] std::string event_messages(std::span<const LogEvent> events);

}  // namespace meterbill
