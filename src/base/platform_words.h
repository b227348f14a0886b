#pragma once

#include <string>
#include <string_view>

namespace meterbill {

// What messages name that differs from one platform to the other.

// Where the pages of docs/ lie on a machine that has the packages.
extern const std::string_view kLedgerManual;
extern const std::string_view kOperationsManual;

/// Shows whether the service `agent` or `worker` runs.
[[nodiscard]] std::string status_command(std::string_view service);
/// Begins a command that starts one.
extern const std::string_view kStartCommand;
/// What a service lacks that may not read a file.
extern const std::string_view kReadRemedy;
/// Who may use a control channel: "run this as …".
extern const std::string_view kControlRemedy;

}  // namespace meterbill
